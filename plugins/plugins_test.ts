/** Everything that comes along keeps the contracts that outsiders are tested by. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openCheckpoint } from "../weights/checkpoint.ts";
import { readJson } from "../weights/read_json.ts";
import { tinyModel } from "../tests/tiny_model.ts";
import { builtinPlugins, builtinRegistry } from "./builtin.ts";
import type { Plugin } from "./define.ts";
import { testMetric, testPlugin, testPrior, testRuntime, testScheduler } from "./testing.ts";

const folder = join(tinyModel, "wuerstchen-prior", "prior");
const model = {
  context: {
    folder,
    config: await readJson(join(folder, "config.json")),
    checkpoint: await openCheckpoint(folder, { stem: "diffusion_pytorch_model", variant: undefined, orPlain: true }),
    options: { threads: 1 },
  },
  textWidth: (await readJson(join(folder, "config.json")) as { c_cond: number }).c_cond,
};

/** Options without which a plugin cannot be made. */
const needed: Readonly<Record<string, Record<string, unknown>>> = { "from-image": { picture: "fox.png" } };
/** DDPM in its three forms and LCM keep the noise of their last step, and Stage C's shift ends at a higher level. */
const tolerances: Readonly<Record<string, number>> = { "stable-cascade": 0.08 };

for (const plugin of builtinPlugins) {
  const options = needed[plugin.name] ?? {};
  switch (plugin.kind) {
    case "scheduler":
      testScheduler(plugin as unknown as Plugin<"scheduler">, { options, tolerance: tolerances[plugin.name] ?? 0.05 });
      break;
    case "prior":
      testPrior(plugin as unknown as Plugin<"prior">, { options, model });
      break;
    case "metric":
      testMetric(plugin as unknown as Plugin<"metric">, { options });
      break;
    case "runtime":
      testRuntime(plugin as unknown as Plugin<"runtime">, { options });
      break;
    default:
      testPlugin(plugin, { options });
  }
}

Deno.test("every kind that a picture needs has a built-in plugin", () => {
  const registry = builtinRegistry();
  for (const kind of ["textEncoder", "prior", "decoder", "autoencoder", "compressor", "scheduler"] as const) {
    assert(registry.list(kind).length > 0, kind);
  }
});
