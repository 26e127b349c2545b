/**
 * Starts a phase by its name.
 * @module
 */
import type { PhaseName, TrainingConfig } from "../config.ts";
import type { Phase, PhaseContext } from "./phase.ts";
import { previewPhase } from "./preview_phase.ts";
import { stageAPhase } from "./stage_a_phase.ts";
import { stageBPhase } from "./stage_b_phase.ts";
import { stageCPhase } from "./stage_c_phase.ts";

const makers: {
  [Name in PhaseName]: (context: PhaseContext, own: NonNullable<TrainingConfig[Name]>) => Phase | Promise<Phase>;
} = { stageA: stageAPhase, stageB: stageBPhase, stageC: stageCPhase, preview: previewPhase };

/** Starts a phase that the configuration has. */
export async function startPhase<Name extends PhaseName>(name: Name, context: PhaseContext): Promise<Phase> {
  return await makers[name](context, context.config[name]!);
}
