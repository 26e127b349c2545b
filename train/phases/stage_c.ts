/**
 * Phase 3, Stage C: learns to denoise the embeddings of the semantic compressor, given text
 * (https://arxiv.org/abs/2306.00637, §3; `train_stage_C.py` of dome272/Wuerstchen).
 * @module
 */
import { predictNoise, type StageCConfig } from "../../networks/stage_c.ts";
import { adaptStates, joinStates } from "../../networks/text_adapters.ts";
import { encodeText, type TextEncoderConfig } from "../../networks/text_encoder.ts";
import { input, mul, scope, type Value } from "../../onnx/mod.ts";
import type { AdaptersConfig } from "../joined_encoders.ts";
import { addNoise, mean, type Objective, perPicture, squaredErrorByPicture } from "./objective.ts";

/** Sizes of a batch of embeddings. */
export interface StageCBatch {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  /** Text tokens. */
  readonly tokens: number;
}

/**
 * The loss of Stage C: the squared error of the predicted noise, each picture with a weight of its own.
 *
 * Inputs of the graph: `latents` and `noise` [b, c_in, h, w]; `t`, `alpha_cumprod` and `weight` [b]; and the text, as `text`
 * [b, tokens, c_cond] where its encoder is frozen, or as `ids` and `mask` [b, tokens] where `textEncoder` is trained along.
 * With `adapters` it is `text_0` [b, own tokens, own width], `text_1` … of encoders that are frozen. Parameters are under `prior` and
 * `text_encoder`.
 */
export function stageCObjective(
  config: StageCConfig,
  { batch, height, width, tokens }: StageCBatch,
  { textEncoder, adapters }: { textEncoder?: TextEncoderConfig | undefined; adapters?: AdaptersConfig | undefined } =
    {},
): Objective {
  const shape = [batch, config.c_in, height, width];
  const latents = input("latents", "float32", shape);
  const noise = input("noise", "float32", shape);
  const noisy = addNoise(latents, noise, perPicture("alpha_cumprod", batch));
  const c = adapters
    ? adaptedStates(adapters, { batch })
    : textStates(textEncoder, { batch, tokens, width: config.c_cond });
  const r = input("t", "float32", [batch]);
  const predicted = scope("prior", () => predictNoise(config, { x: noisy, r, c }));
  const error = squaredErrorByPicture(predicted, noise);
  const loss = mean(mul(error, input("weight", "float32", [batch])));
  return { loss, metrics: { error: mean(error) }, buffers: new Map() };
}

/** States of several encoders, which are inputs, through adapters that learn: [b, all tokens, width]. */
function adaptedStates({ width, encoders }: AdaptersConfig, { batch }: { batch: number }): Value {
  return scope(
    "text_encoder",
    () =>
      joinStates(
        encoders.map(({ tokens, width: own }, i) =>
          adaptStates(i, input(`text_${i}`, "float32", [batch, tokens, own]), { width })
        ),
      ),
  );
}

/** Text states [b, tokens, width]: an input, or the output of an encoder that is trained along. */
export function textStates(
  encoder: TextEncoderConfig | undefined,
  { batch, tokens, width }: { batch: number; tokens: number; width: number },
): Value {
  if (!encoder) return input("text", "float32", [batch, tokens, width]);
  const ids = input("ids", "int64", [batch, tokens]);
  const mask = input("mask", "int64", [batch, tokens]);
  return scope("text_encoder", () => encodeText(encoder, { ids, mask }));
}
