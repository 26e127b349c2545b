/**
 * How much time a picture may take: three names for sampler, steps, where guidance acts, and precision.
 *
 * docs/presets.md has what they cost and what they lose on the bundled model.
 * @module
 */
import type { Precision } from "../weights/precision.ts";
import type { GuidanceSchedule } from "./guidance.ts";
import { type SampledStage, samplingKeys, stagedKey } from "./sampling.ts";
import type { GenerateOptions, ResolvedOptions } from "./types.ts";

/** The names of all presets, from the fastest to the best. */
export const presetNames = ["draft", "balanced", "quality"] as const;

/** One of {@linkcode presetNames}. */
export type PresetName = typeof presetNames[number];

/** How a stage is sampled. */
export interface StagePreset {
  /** Name of its sampler. */
  readonly scheduler: string;
  /** Sampling steps. */
  readonly steps: number;
  /** Where guidance acts; in all steps where left out. */
  readonly guidanceSchedule?: GuidanceSchedule;
}

/** What a preset stands for. */
export interface Preset {
  /** How Stage C is sampled. */
  readonly prior: StagePreset;
  /** How Stage B is sampled. */
  readonly decoder: StagePreset;
  /** In what weights are kept; as they are stored where left out. */
  readonly precision?: Precision;
}

/** All presets. Prompts, sizes, seeds and guidance scales stay those of the request and the model. */
export const presets: Readonly<Record<PresetName, Preset>> = {
  draft: {
    prior: { scheduler: "dpmpp-2m", steps: 8, guidanceSchedule: { kind: "interval", from: 0.9, to: 0.3 } },
    decoder: { scheduler: "dpmpp-2m", steps: 4 },
    precision: "int8",
  },
  balanced: {
    prior: { scheduler: "dpmpp-2m", steps: 16, guidanceSchedule: { kind: "interval", from: 1, to: 0.2 } },
    decoder: { scheduler: "dpmpp-2m", steps: 8 },
  },
  quality: {
    prior: { scheduler: "dpmpp-2m", steps: 40 },
    decoder: { scheduler: "ddpm-wuerstchen", steps: 20 },
  },
};

/** Settings of a stage that a preset decides, whether it names them or leaves them out. */
const governed = new Set(["scheduler", "spacing", "shift", "guidanceSchedule", "startStep", "stopStep"]);

/** The stages that a run still samples itself. */
function openStages({ from }: Pick<GenerateOptions, "from">): SampledStage[] {
  if (!from) return ["prior", "decoder"];
  return from.kind === "image_embeddings" ? ["decoder"] : [];
}

/** The settings of a preset for a run, under the names of options. */
function settingsOf(name: PresetName, stages: readonly SampledStage[]): Partial<GenerateOptions> {
  const settings = stages.flatMap((stage) => {
    return Object.entries(presets[name][stage]).map(([key, value]) => [stagedKey(stage, key), value]);
  });
  return Object.fromEntries(settings);
}

/** Options with what their preset stands for in the place of all that they leave out. */
export function withPreset(options: GenerateOptions): GenerateOptions {
  if (options.preset === undefined) return options;
  const own = Object.entries(options).filter(([, value]) => value !== undefined && value !== null);
  return { ...settingsOf(options.preset, openStages(options)), ...Object.fromEntries(own) } as GenerateOptions;
}

/** Settings of an earlier run without those that a preset replaces. */
export function withoutGoverned<Options extends Partial<ResolvedOptions>>(
  options: Options,
  { from }: Pick<GenerateOptions, "from"> = {},
): Options {
  const keys = openStages({ from }).flatMap((stage) => [
    ...samplingKeys.filter((key) => governed.has(key)).map((key) => stagedKey(stage, key)),
    `${stage}Timesteps`,
  ]);
  return Object.fromEntries(Object.entries(options).filter(([key]) => !keys.includes(key as never))) as Options;
}

/** A preset in a few words. */
export function describePreset(name: PresetName): string {
  const { prior, decoder, precision } = presets[name];
  const stage = ({ scheduler, steps, guidanceSchedule: schedule }: StagePreset) => {
    const where = schedule?.kind === "interval" ? `, guidance from ${schedule.from} to ${schedule.to} of the way` : "";
    return `${steps} steps of ${scheduler}${where}`;
  };
  const bits = precision === undefined ? "" : `; weights in ${precision}`;
  return `Stage C ${stage(prior)}; Stage B ${stage(decoder)}${bits}`;
}
