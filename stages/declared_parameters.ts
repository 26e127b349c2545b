/**
 * Which weights a network would need, told from its configuration alone.
 * @module
 */
import { clipText, clipTextConfig } from "../networks/clip_text.ts";
import { diffNeXtConfig, wuerstchenDiffNeXt } from "../networks/diffnext.ts";
import { paellaDecode, paellaEncode, paellaQuantize, paellaVqConfig } from "../networks/paella_vq.ts";
import { priorConfig, wuerstchenPrior } from "../networks/prior.ts";
import { input, traceScopes } from "../onnx/mod.ts";

/** The classes of the published networks, by the name that their `config.json` carries. */
export type NetworkClass = "CLIPTextModel" | "WuerstchenPrior" | "WuerstchenDiffNeXt" | "PaellaVQModel";

/** Shape of each tensor of a checkpoint by key. */
export type DeclaredParameters = ReadonlyMap<string, readonly number[]>;

/** Every tensor that a checkpoint of this class and configuration holds. */
export function declaredParameters(
  network: NetworkClass,
  config: Readonly<Record<string, unknown>>,
): DeclaredParameters {
  return traceScopes(() => declare(network, config)).parameters;
}

function declare(network: NetworkClass, values: Readonly<Record<string, unknown>>): void {
  const float = (name: string, ...shape: number[]) => input(name, "float32", shape);
  switch (network) {
    case "CLIPTextModel": {
      clipText(clipTextConfig.parse(values), {
        ids: input("ids", "int64", [1, 1]),
        mask: input("mask", "int64", [1, 1]),
      });
      return;
    }
    case "WuerstchenPrior": {
      const config = priorConfig.parse(values);
      wuerstchenPrior(config, {
        x: float("x", 1, config.c_in, 1, 1),
        r: float("r", 1),
        c: float("c", 1, 1, config.c_cond),
      });
      return;
    }
    case "WuerstchenDiffNeXt": {
      const config = diffNeXtConfig.parse(values);
      const side = config.patch_size * 2 ** (config.c_hidden.length - 1);
      wuerstchenDiffNeXt(config, {
        x: float("x", 1, config.c_in, side, side),
        r: float("r", 1),
        effnet: float("effnet", 1, config.effnet_embd, 1, 1),
        clip: float("clip", 1, 1, config.clip_embd),
      });
      return;
    }
    case "PaellaVQModel": {
      const config = paellaVqConfig.parse(values);
      const side = config.up_down_scale_factor * 2 ** (config.levels - 1);
      paellaDecode(config, float("latents", 1, config.latent_channels, 1, 1));
      paellaQuantize(config, float("latents", 1, config.latent_channels, 1, 1));
      paellaEncode(config, float("pixels", 1, config.in_channels, side, side));
    }
  }
}
