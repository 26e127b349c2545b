/**
 * Phase 3 under way: embeddings of pictures by the compressor, captions, and noise for Stage C.
 * @module
 */
import type { TrainingConfig } from "../config.ts";
import { initialiseLora, isLoraFactor, withLora } from "../lora.ts";
import { targetEncoder } from "./latents.ts";
import { noiseLevels } from "./noise_levels.ts";
import type { Phase, PhaseContext } from "./phase.ts";
import { stageCObjective } from "./stage_c.ts";
import { frozenText, trainedText } from "./text_inputs.ts";

type StageCConfig = NonNullable<TrainingConfig["stageC"]>;

/** Starts phase 3. */
export async function stageCPhase(context: PhaseContext, own: StageCConfig): Promise<Phase> {
  const { config, configs, data, state, tokenizer, networks, scheduler } = context;
  const { batch } = own;
  const encoder = await targetEncoder(context);
  const [, , height, width] = encoder.shape;
  const isTrained = own.textEncoder === "trained" && !own.lora;
  const plain = stageCObjective(configs.prior, { batch, height, width, tokens: tokenizer.maxLength }, {
    textEncoder: isTrained ? configs.prior_text_encoder : undefined,
  });
  const text = isTrained ? trainedText(tokenizer) : await frozenText(
    { config: configs.prior_text_encoder, tokenizer, weights: networks.get("prior_text_encoder")! },
    { threads: config.threads },
  );
  const lora = own.lora && withLora(plain, {
    ...own.lora,
    targets: own.lora.targets === undefined ? undefined : new RegExp(own.lora.targets, "u"),
  });
  const { training: indices } = data.split(own);
  const loader = data.loader({ indices, batch, seed: config.seed + 2, state });
  return {
    name: "stageC",
    objective: lora?.objective ?? plain,
    ...(lora && own.lora && {
      trained: isLoraFactor,
      lora: { factors: initialiseLora(lora.factors, config), alpha: own.lora.alpha ?? own.lora.rank },
    }),
    scopes: { prior: "prior", ...(isTrained ? { text_encoder: "prior_text_encoder" } : {}) },
    samples: indices.length,
    get state() {
      return loader.state;
    },
    get unreadable() {
      return loader.unreadable;
    },
    get waitedSeconds() {
      return loader.waitedSeconds;
    },
    async inputs(draws) {
      const { images, captions, ids, backgrounds } = await loader.next();
      const drops = draws.uniform("caption", batch);
      return {
        latents: await encoder.encode(images, ids.map((id, i) => `${id}\n${backgrounds[i] ?? ""}`)),
        noise: draws.normal("noise", [batch, ...encoder.shape.slice(1)]),
        ...noiseLevels(draws, { batch, scheduler, config: own }),
        ...await text.of(captions.map((caption, i) => drops[i]! < own.captionDropout ? "" : caption)),
      };
    },
    async [Symbol.asyncDispose]() {
      loader[Symbol.dispose]();
      await encoder[Symbol.asyncDispose]();
      await text[Symbol.asyncDispose]();
    },
  };
}
