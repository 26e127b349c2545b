/**
 * Phase 3 under way: embeddings of pictures by the compressor, captions, and noise for Stage C.
 * @module
 */
import type { TrainingConfig } from "../config.ts";
import type { BucketSize } from "../data/buckets.ts";
import { joinedText } from "../joined_encoders.ts";
import { initialiseLora, isLoraFactor, type LoraObjective, withLora } from "../lora.ts";
import { embeddingCells } from "../networks.ts";
import { pipelineSettings } from "../start.ts";
import { targetEncoder } from "./latents.ts";
import { noiseLevels } from "./noise_levels.ts";
import type { Objective } from "./objective.ts";
import type { ObjectiveContext, Phase, PhaseContext } from "./phase.ts";
import { onceForSize, sizedObjectives } from "./sized_objectives.ts";
import { stageCObjective } from "./stage_c.ts";
import { textInputs, withDropout } from "./text_inputs.ts";

type StageCConfig = NonNullable<TrainingConfig["stageC"]>;

/** Whether the text encoder learns along: a LoRA is of Stage C alone, and several encoders stay as they are. */
function trainsText({ textEncoder, lora, encoders }: StageCConfig): boolean {
  return textEncoder === "trained" && !lora && !encoders;
}

/**
 * The objective at one size of embeddings, and the factors of the LoRA where there is one.
 *
 * @param cells height and width of the embedding
 */
export function stageCObjectiveAt(
  { configs, tokens }: Pick<ObjectiveContext, "configs" | "tokens">,
  own: StageCConfig,
  cells: BucketSize,
): { objective: Objective; factors?: LoraObjective["factors"] } {
  const objective = stageCObjective(configs.prior, { batch: own.batch, ...cells, tokens }, {
    textEncoder: trainsText(own) ? configs.prior_text_encoder : undefined,
    adapters: configs.prior_adapters,
  });
  if (!own.lora) return { objective };
  const { targets } = own.lora;
  return withLora(objective, { ...own.lora, targets: targets === undefined ? undefined : new RegExp(targets, "u") });
}

/** Starts phase 3. */
export async function stageCPhase(context: PhaseContext, own: StageCConfig): Promise<Phase> {
  const { config, configs, data, state, tokenizer, schedule } = context;
  const { batch } = own;
  const isTrained = trainsText(own);
  const held = new AsyncDisposableStack();
  const encoder = held.use(targetEncoder(context));
  const tokens = tokenizer.maxLength;
  const of = onceForSize((cells: BucketSize) => stageCObjectiveAt({ configs, tokens }, own, cells));
  const [height, width] = embeddingCells(data.size, pipelineSettings(config));
  const { factors } = of({ height, width });
  const { prior_adapters: adapters } = configs;
  const text = held.use(
    await (adapters ? joinedText(adapters, config) : textInputs("prior_text_encoder", context, { isTrained })),
  );
  const { training: indices } = data.split(own);
  const loader = held.use(data.loader({ indices, batch, seed: config.seed + 2, state }));
  return {
    name: "stageC",
    ...sizedObjectives((cells) => of(cells).objective, { height, width }, {
      input: "latents",
      isSized: data.sizes.length > 1,
    }),
    ...(factors && own.lora && {
      trained: isLoraFactor,
      lora: { factors: initialiseLora(factors, config), alpha: own.lora.alpha ?? own.lora.rank },
    }),
    scopes: {
      prior: "prior",
      ...(adapters ? { text_encoder: "prior_adapters" } : isTrained ? { text_encoder: "prior_text_encoder" } : {}),
    },
    loader,
    async inputs(draws) {
      const pictures = await loader.next();
      const latents = await encoder.encode(pictures);
      return {
        latents,
        noise: draws.normal("noise", latents.shape),
        ...noiseLevels(draws, { batch, schedule, config: own }),
        ...await text.of(withDropout(pictures.captions, draws, { share: own.captionDropout })),
      };
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
