/**
 * Würstchen: a text-to-image family that does its text-conditional work in a 42× compressed latent, as a library.
 *
 * @example Paint a picture with the model that comes along
 * ```ts
 * import { loadPipeline } from "wuerstchen";
 * await using pipeline = await loadPipeline("emoji");
 * const { images } = await pipeline.generate({ prompt: "a red apple on a blue background", seed: 7, priorSteps: 2, decoderSteps: 1 });
 * const png = await images[0]!.png();
 * if (png[1] !== 0x50) throw new Error("a PNG");
 * ```
 * @module
 */
export * from "./errors.ts";
export * from "./pipeline/types.ts";
export type { LoadOptions } from "./pipeline/load_options.ts";
export { loadPipeline, Pipeline } from "./pipeline/pipeline.ts";
export { type ConvertedNetwork, convertModel, type ConvertModelOptions } from "./pipeline/convert_model.ts";
export { type DtypeChoice, type DtypeTarget, dtypeTargets } from "./pipeline/dtypes.ts";
export type { WeightsJob, WeightsProgress } from "./pipeline/weights_job.ts";
export type { WeightType } from "./weights/cast.ts";
export type { NetworkKind } from "./weights/recognise.ts";
export { type ExportedNetwork, type ExportedValue, exportModel, type ExportOptions } from "./pipeline/export_model.ts";
export { type ExtractedLora, extractLora, type ExtractOptions } from "./pipeline/extract_lora.ts";
export type { HubOptions } from "./pipeline/fetch_model.ts";
export type { DownloadProgress } from "./hub/download.ts";
export type { FetchedFile, HubEvent } from "./hub/repository.ts";
export type { HubSettings } from "./hub/settings.ts";
export { Token } from "./hub/token.ts";
export type { LoraChoice } from "./pipeline/loras.ts";
export type { ResolvedSampling, SampledStage, SamplingOptions, Staged } from "./pipeline/sampling.ts";
export type { GuidanceSchedule } from "./pipeline/guidance.ts";
export { type ChosenDevices, type DeviceChoice, type DeviceNetwork, deviceNetworks } from "./pipeline/devices.ts";
export { type Device, type DeviceName, deviceNames } from "./runtime/devices/device.ts";
export { type NetworkName, networkNames, type PrecisionChoice } from "./pipeline/precisions.ts";
export {
  describePreset,
  type Preset,
  type PresetName,
  presetNames,
  presets,
  type StagePreset,
} from "./pipeline/presets.ts";
export { type Precision, precisions } from "./weights/precision.ts";
export type { Encoding } from "./plugins/contracts/postprocessor.ts";
export type { OpenRuntime } from "./plugins/open_runtime.ts";
export type { PluginChoice } from "./plugins/registry.ts";
export type { Runtime, RuntimeSession, SessionInput, SessionOptions } from "./runtime/runtime.ts";
export { type SpacingName, spacingNames } from "./schedulers/spacings.ts";
export { readHandOver, writeHandOver } from "./pipeline/hand_over.ts";
export { type PictureMetadata, readPictureMetadata } from "./pipeline/metadata.ts";
export type { ModelDefaults } from "./pipeline/options.ts";
export type { ReconstructedPicture, ReconstructOptions, ReconstructResult } from "./pipeline/reconstruct.ts";
export type { ImageFormat } from "./images/format.ts";
export type { Pixels } from "./images/pixels.ts";
export { planSizes, type Size, type SizePlan, type SizeRules } from "./pipeline/plan.ts";
export { type ArrayOf, type DType, type Tensor, tensor } from "./tensor/tensor.ts";
export { expandPrompt, fillWildcards, wildcardsOf } from "./text/expand_prompt.ts";
export { defaultStageCTimesteps, timestepPresets } from "./schedulers/timesteps.ts";
export { version } from "./version.ts";
export * as onnx from "./onnx/mod.ts";
