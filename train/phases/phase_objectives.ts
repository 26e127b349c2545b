/**
 * What a phase minimises, from sizes alone: no data, no weights.
 * @module
 */
import type { PhaseName } from "../config.ts";
import type { BucketSize } from "../data/buckets.ts";
import { isLoraFactor } from "../lora.ts";
import { embeddingCells } from "../networks.ts";
import { batchSizes } from "../picture_sizes.ts";
import { pipelineSettings } from "../start.ts";
import type { Objective } from "./objective.ts";
import type { ObjectiveContext } from "./phase.ts";
import { previewObjective, previewTrains } from "./preview.ts";
import { stageAObjectives, stageATrains } from "./stage_a_phase.ts";
import { stageBObjectiveAt } from "./stage_b_phase.ts";
import { stageCObjectiveAt } from "./stage_c_phase.ts";

/** The objectives of a phase. */
export interface PhaseObjectives {
  /** One for each size that batches have. */
  readonly objectives: readonly Objective[];
  /** Those of what learns against it. */
  readonly adversaries: readonly Objective[];
  /** Which parameters learn; all where left out. */
  readonly trained?: (key: string) => boolean;
}

/**
 * Builds the objectives of a phase that the configuration has.
 *
 * @throws {GraphError} where sizes contradict each other
 */
export function phaseObjectives(name: PhaseName, context: ObjectiveContext): PhaseObjectives {
  const { config, configs } = context;
  const sizes = batchSizes(config, configs);
  switch (name) {
    case "stageA": {
      const own = config.stageA!;
      const side = own.cropSize;
      const seen: readonly BucketSize[] = side === undefined ? sizes : [{ width: side, height: side }];
      const built = seen.map((size) => stageAObjectives(context, own, size));
      return {
        objectives: built.map(({ objective }) => objective),
        adversaries: built.flatMap(({ adversary }) => adversary ?? []),
        trained: stageATrains,
      };
    }
    case "stageB":
      return { objectives: sizes.map((size) => stageBObjectiveAt(context, config.stageB!, size)), adversaries: [] };
    case "stageC": {
      const cells = sizes.map((size) => embeddingCells(size, pipelineSettings(config)));
      const objectives = cells.map(([height, width]) =>
        stageCObjectiveAt(context, config.stageC!, { height, width }).objective
      );
      return { objectives, adversaries: [], ...(config.stageC!.lora ? { trained: isLoraFactor } : {}) };
    }
    case "preview": {
      const cells = sizes.map((size) => embeddingCells(size, pipelineSettings(config)));
      const objectives = cells.map(([height, width]) => {
        return previewObjective(configs.preview!, { batch: config.preview!.batch, height, width });
      });
      return { objectives, adversaries: [], trained: previewTrains };
    }
  }
}
