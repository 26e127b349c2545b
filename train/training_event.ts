/**
 * What a training tells while it runs.
 * @module
 */
import type { HubOptions } from "../pipeline/fetch_model.ts";
import type { PhaseName } from "./config.ts";

/** Options of `train()`. */
export interface TrainOptions {
  /** Folder of the run: log, checkpoints, samples, report and the finished model. */
  readonly folder: string;
  /** Goes on where the configuration has changed since the run was started. */
  readonly acceptChanges?: boolean;
  /** Tries what needs more memory than is free, in place of refusing it. */
  readonly ignoreMemory?: boolean;
  /** How a model to start from is fetched, where `start` names one on a hub. */
  readonly hub?: HubOptions | undefined;
  /** Stops behind a step, with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A line of `log.jsonl`: `step` has `phase`, `step`, `loss`, `norm`, `learningRate`, `seconds`, `picturesPerSecond` and `memory`
 * (bytes); `checkpoint` the `path` of a model; `sample` the `file` of a grid, and `psnr` in dB; `end` the `path` of the finished
 * model. `report/log_line.ts` has the fields of every type.
 */
export type LoggedEvent =
  & { readonly type: "start" | "phase" | "step" | "checkpoint" | "sample" | "unreadable" | "warning" | "end" | "stop" }
  & Readonly<Record<string, unknown>>;

/** What a training tells; all but `progress` are lines of the log as well. */
export type TrainingEvent =
  | {
    readonly type: "progress";
    readonly phase: PhaseName;
    readonly step: number;
    readonly total: number;
    readonly seconds: number;
    readonly loss: number;
  }
  | LoggedEvent;
