/**
 * What a training writes about itself: `log.jsonl`, one JSON object a line.
 * @module
 */
import { z } from "zod";
import { phaseNames } from "../config.ts";

const phase = z.enum(phaseNames);
const step = z.int().nonnegative();
const count = z.int().nonnegative();
const seconds = z.number().nonnegative();
const time = z.iso.datetime();
/** JSON writes NaN and infinity as null. */
const number = z.number().nullable();

/** A process begins, or goes on where an earlier one stopped. */
export const startLine = z.object({
  type: z.literal("start"),
  time,
  /** Of this package. */
  version: z.string(),
  /** Resolved: every default in place. */
  config: z.unknown(),
  environment: z.object({
    deno: z.string(),
    onnxruntime: z.string(),
    /** Name of the processor. */
    cpu: z.string().optional(),
    cores: count,
    /** Bytes that the machine has. */
    memory: count,
    platform: z.string(),
  }),
  /** Number of parameters by network. */
  parameters: z.record(z.string(), count),
  /** In the data set. */
  samples: count,
  /** Last step whose result this process goes on with; later lines of earlier processes are void. */
  resumedFrom: z.object({ phase, step }).optional(),
});

/** A phase begins, or goes on in another process. */
export const phaseLine = z.object({
  type: z.literal("phase"),
  phase,
  time,
  /** That the phase will have in all. */
  steps: step,
  /** Pictures a step. */
  batch: count,
  /** That this phase learns from. */
  samples: count.optional(),
  /** Floating-point operations of one step. */
  flops: z.number().nonnegative(),
  forecastSeconds: seconds.optional(),
});

/** Progress, every `logEvery` steps; all but `step` are means since the line before. */
export const stepLine = z.object({
  type: z.literal("step"),
  phase,
  /** Steps that are done, of this and earlier processes. */
  step,
  loss: number,
  /** Parts of the loss and whatever else the phase measures. */
  metrics: z.record(z.string(), number),
  /** Global norm of the gradients before clipping. */
  norm: number,
  learningRate: z.number().nonnegative(),
  /** Since this process began the phase. */
  seconds,
  picturesPerSecond: z.number().nonnegative(),
  /** For which steps had to wait for data since this process began the phase. */
  waitedSeconds: seconds.optional(),
  /** Resident bytes of the process. */
  memory: count,
});

/** A complete model is on disk. */
export const checkpointLine = z.object({ type: z.literal("checkpoint"), phase, step, path: z.string() });

/** A grid of samples is on disk. */
export const sampleLine = z.object({
  type: z.literal("sample"),
  phase,
  step,
  /** PNG, relative to the folder of the run. */
  file: z.string(),
  /** Of its pictures, by rows. */
  prompts: z.array(z.string()).optional(),
  /** dB of reconstructions. */
  psnr: number.optional(),
});

/** A sample of the data set that is passed over. */
export const unreadableLine = z.object({ type: z.literal("unreadable"), id: z.string(), reason: z.string() });

/** Something about data set or configuration that its owner should know. */
export const warningLine = z.object({ type: z.literal("warning"), message: z.string() });

/** A phase is complete or, where no phase is named, the training. */
export const endLine = z.object({
  type: z.literal("end"),
  time,
  phase: phase.optional(),
  /** That went into the result, over all processes. */
  seconds,
  /** That went into the result, over all processes. */
  flops: z.number().nonnegative(),
  /** Folder of the finished model. */
  path: z.string().optional(),
});

/** A process stops early: interrupted, or by an error. */
export const stopLine = z.object({
  type: z.literal("stop"),
  reason: z.string(),
  phase: phase.optional(),
  step: step.optional(),
});

/** Any line. Keys that are not known are dropped, so that a newer log can be read. */
export const logLine = z.discriminatedUnion("type", [
  startLine,
  phaseLine,
  stepLine,
  checkpointLine,
  sampleLine,
  unreadableLine,
  warningLine,
  endLine,
  stopLine,
]);

/** See {@linkcode startLine}. */
export type StartLine = z.infer<typeof startLine>;
/** See {@linkcode phaseLine}. */
export type PhaseLine = z.infer<typeof phaseLine>;
/** See {@linkcode stepLine}. */
export type StepLine = z.infer<typeof stepLine>;
/** See {@linkcode checkpointLine}. */
export type CheckpointLine = z.infer<typeof checkpointLine>;
/** See {@linkcode sampleLine}. */
export type SampleLine = z.infer<typeof sampleLine>;
/** See {@linkcode unreadableLine}. */
export type UnreadableLine = z.infer<typeof unreadableLine>;
/** See {@linkcode endLine}. */
export type EndLine = z.infer<typeof endLine>;
/** See {@linkcode stopLine}. */
export type StopLine = z.infer<typeof stopLine>;
/** See {@linkcode logLine}. */
export type LogLine = z.infer<typeof logLine>;

/** The lines of a log. */
export interface ParsedLog {
  readonly lines: readonly LogLine[];
  /** Lines that are no JSON or not of this format; one that a killed process left unfinished is among them. */
  readonly unread: number;
}

/** What a line begins with that was written behind an unfinished one. */
const lineStart = '{"type":"';

/**
 * Reads a log as far as it can be read. Of an unfinished line and the one that a later process wrote right behind it, the
 * second counts.
 */
export function parseLog(text: string): ParsedLog {
  const lines: LogLine[] = [];
  let unread = 0;
  for (const row of text.split("\n")) {
    if (row.trim() === "") continue;
    const line = parseLine(row);
    if (line !== undefined) {
      lines.push(line);
      continue;
    }
    unread++;
    const behind = row.lastIndexOf(lineStart);
    const second = behind > 0 ? parseLine(row.slice(behind)) : undefined;
    if (second !== undefined) lines.push(second);
  }
  return { lines, unread };
}

function parseLine(row: string): LogLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(row);
  } catch {
    return undefined;
  }
  return logLine.safeParse(value).data;
}
