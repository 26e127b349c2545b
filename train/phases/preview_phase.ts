/**
 * The last phase under way: the compressor's embeddings of pictures, and the pictures as small as previews are.
 * @module
 */
import type { TrainingConfig } from "../config.ts";
import type { BucketSize } from "../data/buckets.ts";
import { embeddingCells } from "../networks.ts";
import { pipelineSettings } from "../start.ts";
import { embeddingEncoder } from "./latents.ts";
import type { Phase, PhaseContext } from "./phase.ts";
import { previewObjective, previewTarget, previewTrains } from "./preview.ts";
import { sizedObjectives, sizeOfInput } from "./sized_objectives.ts";

type PreviewConfig = NonNullable<TrainingConfig["preview"]>;

/** Starts the phase of the preview decoder. */
export function previewPhase(context: PhaseContext, own: PreviewConfig): Phase {
  const { config, configs, data, state } = context;
  const { batch } = own;
  const held = new AsyncDisposableStack();
  const encoder = held.use(embeddingEncoder(context));
  const { training: indices } = data.split(own);
  const loader = held.use(data.loader({ indices, batch, seed: config.seed + 4, state }));
  const [height, width] = embeddingCells(data.size, pipelineSettings(config));
  const objectiveAt = (cells: BucketSize) => previewObjective(configs.preview!, { batch, ...cells });
  return {
    name: "preview",
    ...sizedObjectives(objectiveAt, { height, width }, { input: "embedding", isSized: data.sizes.length > 1 }),
    scopes: { preview: "preview" },
    trained: previewTrains,
    loader,
    async inputs() {
      const pictures = await loader.next();
      const embedding = await encoder.encode(pictures);
      return { embedding, small: previewTarget(pictures.images, sizeOfInput({ embedding }, "embedding")) };
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
