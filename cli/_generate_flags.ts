/**
 * The flags of `generate`, as they are parsed.
 * @module
 */
import type { ImageFormat } from "../images/format.ts";
import type { DeviceChoice } from "../pipeline/devices.ts";
import type { GuidanceSchedule } from "../pipeline/guidance.ts";
import type { LoraChoice } from "../pipeline/loras.ts";
import type { PrecisionChoice } from "../pipeline/precisions.ts";
import type { PresetName } from "../pipeline/presets.ts";
import type { Staged } from "../pipeline/sampling.ts";
import type { RngKind } from "../pipeline/types.ts";
import type { SpacingName } from "../schedulers/spacings.ts";
import type { PluginFlags } from "./_registry.ts";

/** The flags of how a stage is sampled. */
interface SamplingFlags {
  readonly spacing?: SpacingName;
  readonly shift?: number;
  readonly guidanceSchedule?: GuidanceSchedule;
  readonly guidanceRescale?: number;
  readonly startStep?: number;
  readonly stopStep?: number;
  readonly noiseSeed?: number;
}

/** The flags of `generate`, parsed. Names are commander's: `--prior-steps` is `priorSteps`. */
export interface GenerateFlags extends PluginFlags, Staged<"prior", SamplingFlags>, Staged<"decoder", SamplingFlags> {
  readonly prompt?: string;
  readonly priorPrompt?: string;
  readonly decoderPrompt?: string;
  readonly negativePrompt?: string;
  readonly priorNegativePrompt?: string;
  readonly decoderNegativePrompt?: string;
  readonly longPrompt?: "truncate" | "chunk";
  readonly plainPrompt?: boolean;
  readonly promptFile?: string;
  readonly expand?: boolean;
  readonly wildcards?: string;
  readonly configFrom?: string;
  readonly model?: string;
  readonly prior?: string;
  readonly decoder?: string;
  readonly variant?: string;
  readonly precision?: PrecisionChoice | "auto";
  readonly lora?: readonly LoraChoice[];
  readonly strict?: boolean;
  readonly acceptLicense?: boolean;
  readonly width?: number;
  readonly height?: number;
  readonly seed?: readonly number[];
  readonly batchCount?: number;
  readonly imagesPerPrompt?: number;
  readonly imageIndex?: number;
  readonly priorSteps?: number;
  readonly priorGuidance?: number;
  readonly priorTimesteps?: readonly number[];
  readonly steps?: number;
  readonly cfgScale?: number;
  readonly timesteps?: readonly number[];
  readonly decoderSteps?: number;
  readonly decoderGuidance?: number;
  readonly decoderTimesteps?: readonly number[];
  readonly rng?: RngKind;
  readonly decoderSeed?: number;
  readonly stopAfter?: "prior" | "decoder";
  readonly from?: string;
  readonly priorLatents?: string;
  readonly decoderLatents?: string;
  readonly saveTensors?: string;
  readonly output?: string;
  readonly format?: ImageFormat;
  readonly force?: boolean;
  readonly metadata: boolean;
  readonly show: boolean;
  readonly preview?: boolean;
  readonly previewEvery?: number;
  readonly json?: boolean;
  readonly jsonl?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly threads?: number;
  readonly device?: DeviceChoice;
  readonly keepLoaded?: boolean;
  readonly ignoreMemory?: boolean;
  readonly maxMemory?: number;
  readonly preset?: PresetName;
  readonly tile?: number;
  readonly batchSize?: number;
  readonly debug?: boolean;
}
