/**
 * Unusual configurations of the networks against the reference classes; `tests/fixtures/configs/README.md` tells how to run
 * this on other ones.
 */
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { CheckpointError } from "../errors.ts";
import { GraphError, input, traceScopes } from "../onnx/mod.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkParameters } from "../weights/bind.ts";
import { buildNetwork } from "./build_network.ts";
import { assertClose, readFixtureTensors } from "./read_fixture.ts";
import { inputsLike, runGraph } from "./run_graph.ts";

interface Case {
  cls: string;
  what: string;
  config: Record<string, unknown>;
  file: string;
  atol: Record<string, number>;
  /** What the reference class says where it cannot be constructed or run. */
  error?: string;
}

const given = Deno.env.get("CONFIG_GOLDENS");
const folder = given ? pathToFileURL(`${given}/`) : new URL("./fixtures/configs/", import.meta.url);
const { cases }: { cases: Case[] } = JSON.parse(Deno.readTextFileSync(new URL("manifest.json", folder)));

/** The tensors whose names begin with `prefix.`, by the rest of their names. */
function part(tensors: Readonly<Record<string, Tensor>>, prefix: string): Record<string, Tensor> {
  const entries = Object.entries(tensors).filter(([name]) => name.startsWith(`${prefix}.`));
  return Object.fromEntries(entries.map(([name, tensor]) => [name.slice(prefix.length + 1), tensor]));
}

for (const { cls, what, config, file, atol, error } of cases) {
  if (error !== undefined) continue;
  Deno.test(`${cls} equals the reference: ${what}`, async () => {
    const tensors = readFixtureTensors(new URL(file, folder).href);
    const [weights, inputs] = [part(tensors, "weights"), part(tensors, "inputs")];
    const wanted = Object.keys(atol);
    const { result, parameters } = traceScopes(() => buildNetwork({ cls, config }, inputsLike(inputs), { wanted }));
    const stored = Object.entries(weights).map(([key, { dtype, shape }]) => {
      return [key, { dtype, shape, file, start: 0, length: 0 }] as const;
    });
    checkParameters(parameters, new Map(stored), { folder: file });
    const found = await runGraph(result, { inputs, weights });
    for (const name of wanted) assertClose(found[name]!, tensors[`outputs.${name}`]!, atol[name]!, name);
  });
}

/** Inputs of any network that fits `config`, whether it makes sense or not. */
function someInputs(config: Record<string, unknown>): Record<string, ReturnType<typeof input>> {
  const size = (key: string) => Number(config[key] ?? 1);
  const side = 8 * Math.max(1, size("patch_size"), size("up_down_scale_factor"));
  return {
    x: input("x", "float32", ["batch", size("c_in"), side, side]),
    r: input("r", "float32", ["batch"]),
    c: input("c", "float32", ["batch", 4, size("c_cond")]),
    effnet: input("effnet", "float32", ["batch", size("effnet_embd"), 2, 2]),
    clip: input("clip", "float32", ["batch", 4, size("clip_embd")]),
    latents: input("latents", "float32", ["batch", size("latent_channels"), 2, 2]),
    pixels: input("pixels", "float32", ["batch", size("in_channels"), side, side]),
    ids: input("ids", "int64", ["batch", 4]),
    mask: input("mask", "int64", ["batch", 4]),
  };
}

const firstOutput: Record<string, string> = {
  WuerstchenPrior: "noise",
  WuerstchenDiffNeXt: "noise",
  PaellaVQModel: "decoded",
  CLIPTextModel: "lastHiddenState",
};

Deno.test("a configuration that the reference class cannot run is an error that says what is wrong", () => {
  const refused = cases.filter(({ error }) => error !== undefined);
  assert.ok(given || refused.length > 20);
  for (const { cls, config, error } of refused) {
    const build = () => buildNetwork({ cls, config }, someInputs(config), { wanted: [firstOutput[cls]!] });
    assert.throws(build, (found: Error) => {
      assert.ok(found instanceof CheckpointError || found instanceof GraphError, `${found}`);
      assert.match(found.message, /[Ee]xpected/);
      return true;
    }, `${cls} ${JSON.stringify(config)} is accepted, the reference says ${error}`);
  }
});
