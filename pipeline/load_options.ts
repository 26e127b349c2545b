/**
 * How a model is loaded.
 * @module
 */
import type { PluginChoice, Registry } from "../plugins/registry.ts";
import type { DeviceChoice } from "./devices.ts";
import type { HubOptions } from "./fetch_model.ts";
import type { LoraChoice } from "./loras.ts";
import type { PrecisionChoice } from "./precisions.ts";
import type { PresetName } from "./presets.ts";
import type { GenerateOptions } from "./types.ts";

/** How a model is loaded. */
export interface LoadOptions {
  /** Folder of another prior: the half that makes Stage C's embedding. */
  prior?: string | undefined;
  /** Folder of another decoder: the half that makes the picture. */
  decoder?: string | undefined;
  /**
   * Weights to take where a network has them, such as `fp16`: networks without take the files that name no variant. Where left
   * out it is the other way round, and the only variant there is stands in.
   */
  variant?: string | undefined;
  /** Threads of the runtime; one a core where left out. */
  threads?: number | undefined;
  /** Keeps every network in memory between generations, in place of one at a time. */
  keepLoaded?: boolean | undefined;
  /** Paints what needs more memory than is free, in place of refusing it. */
  ignoreMemory?: boolean | undefined;
  /**
   * Most memory that generations may take, in bytes or as `"2GiB"`, mapped weights included; of a card for what runs there. Precision
   * (unless it is chosen), tiles and batches are made small enough, in this order: tiles and batches, which change pictures by rounding
   * alone, before fewer bits. What cannot fit is refused.
   */
  maxMemory?: number | string | undefined;
  /** What will be painted, as far as it is known: `auto` and `maxMemory` choose the precision by it, else by one picture of the usual size. */
  upcoming?: readonly GenerateOptions[] | undefined;
  /** Lets the runtime keep packed copies of fp32 weights: twice the memory for a little speed. */
  prepack?: boolean | undefined;
  /**
   * `false` leaves the weights unread but for what the networks load: then nothing says which weights painted a picture, and
   * there is no warning of NaN in them.
   */
  hashWeights?: boolean | undefined;
  /** Folder in which hashes of large weights are remembered between runs; the user's cache folder where left out. */
  cacheFolder?: string | undefined;
  /** Folder of the bundled models. */
  modelsFolder?: string | undefined;
  /** How models on the hub are fetched. */
  hub?: HubOptions | undefined;
  /** LoRAs, which are added to the weights in this order. */
  loras?: readonly LoraChoice[] | undefined;
  /**
   * In how many bits weights are kept, for all networks or by their names (`{ prior: "int8", vqgan: "fp32" }`); as they are stored where
   * left out. `int8` and `int4` are other numbers than the model's own: `wuerstchen verify` says how far off. `auto` is the most exact
   * one that fits into free memory.
   */
  precision?: PrecisionChoice | "auto" | undefined;
  /** Keeps weights as this preset has them, where `precision` says nothing and they were not written in fewer bits already. */
  preset?: PresetName | undefined;
  /** Plugins that open and sample the model; what comes along where left out. */
  registry?: Registry | undefined;
  /** What runs the networks: a runtime's name, or name and options. Default `"onnxruntime"`. */
  runtime?: string | PluginChoice | undefined;
  /**
   * What networks run on: one device for all of them, or one for each (`{ prior: "cuda" }`). Default `"cpu"`. `"auto"` is CUDA where it is
   * ready; a device that is named and not ready is an error.
   */
  device?: DeviceChoice | undefined;
  /**
   * In what Stages C, B and A compute. Default: `"fp16"` where they run on `cuda` or `tensorrt` and their `precision` is `fp16`, else `"fp32"`.
   * `"fp16"` has islands of 32 bits, and a network whose result is not finite computes in `"fp32"` from there on, with a warning.
   */
  compute?: "fp32" | "fp16" | undefined;
}
