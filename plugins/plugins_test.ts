/** Everything that comes along keeps the contracts that outsiders are tested by. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openCheckpoint } from "../weights/checkpoint.ts";
import { readJson } from "../weights/read_json.ts";
import { tinyModel } from "../tests/tiny_model.ts";
import { builtinPlugins, builtinRegistry } from "./builtin.ts";
import type { Plugin } from "./define.ts";
import type { PriorSuiteOptions } from "./testing/test_prior.ts";
import { testMetric, testPlugin, testPostprocessor, testPrior, testRuntime, testScheduler } from "./testing.ts";

/** A network of Stage C, to open a prior on. */
async function modelIn(folder: string): Promise<NonNullable<PriorSuiteOptions["model"]>> {
  const config = await readJson(join(folder, "config.json"));
  const checkpoint = await openCheckpoint(folder, {
    stem: "diffusion_pytorch_model",
    variant: undefined,
    orPlain: true,
  });
  const context = { folder, config, checkpoint, options: { threads: 1 } };
  return { context, textWidth: (config as { c_cond: number }).c_cond };
}

const models: Readonly<Record<string, NonNullable<PriorSuiteOptions["model"]>>> = {
  wuerstchen: await modelIn(join(tinyModel, "wuerstchen-prior", "prior")),
  dit: await modelIn(fileURLToPath(new URL("../tests/fixtures/dit", import.meta.url))),
};

/** Options without which a plugin cannot be made. */
const needed: Readonly<Record<string, Record<string, unknown>>> = {
  "from-image": { picture: "fox.png" },
  resize: { scale: 2 },
  upscale: { model: fileURLToPath(new URL("../tests/fixtures/upscale/tiny.onnx", import.meta.url)), overlap: 2 },
};
/** DDPM in its three forms and LCM keep the noise of their last step, and Stage C's shift ends at a higher level. */
const tolerances: Readonly<Record<string, number>> = { "stable-cascade": 0.08 };

for (const plugin of builtinPlugins) {
  const options = needed[plugin.name] ?? {};
  switch (plugin.kind) {
    case "scheduler":
      testScheduler(plugin as unknown as Plugin<"scheduler">, { options, tolerance: tolerances[plugin.name] ?? 0.05 });
      break;
    case "prior":
      testPrior(plugin as unknown as Plugin<"prior">, {
        options,
        ...(plugin.name in models ? { model: models[plugin.name]! } : {}),
      });
      break;
    case "metric":
      testMetric(plugin as unknown as Plugin<"metric">, { options });
      break;
    case "postprocessor":
      testPostprocessor(plugin as unknown as Plugin<"postprocessor">, { options });
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
