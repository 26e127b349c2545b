/**
 * Turns whatever was thrown into one line and an exit code.
 * @module
 */
import {
  CheckpointError,
  ConfigError,
  HubError,
  NumericError,
  PermissionError,
  PluginError,
  ResourceError,
} from "../errors.ts";
import { outOfMemory } from "../runtime/out_of_memory.ts";
import { visibleText } from "./_text_width.ts";

/** What a process says with its exit code; README and `--help` list the same. */
export const exitCodes = {
  ok: 0,
  internal: 1,
  usage: 2,
  data: 3,
  network: 4,
  resource: 5,
  permission: 6,
  partial: 7,
  interrupted: 130,
  terminated: 143,
} as const;

/** A run that a signal stopped; the reason of the run's `AbortSignal`. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";

  /** @param options.detail what is left of the run, for the message */
  constructor(readonly signal: "SIGINT" | "SIGTERM", { detail, cause }: { detail?: string; cause?: unknown } = {}) {
    const what = signal === "SIGINT" ? "interrupted" : "terminated";
    super(detail === undefined ? what : `${what}: ${detail}`, cause === undefined ? {} : { cause });
  }
}

/** Somebody closed the other end of standard output (`| head`): no fault, and nobody to tell. */
export class OutputClosedError extends Error {
  override readonly name = "OutputClosedError";
}

/** Some pictures of a batch are written and the rest are not; `cause` is what stopped it. */
export class PartialBatchError extends Error {
  override readonly name = "PartialBatchError";
}

// Deno gives the system's codes as `code`, and none to "File too large" (27).
const diskCodes = ["ENOSPC", "EDQUOT", "EFBIG", "ENOMEM", "EMFILE", "ENFILE"];
const permissionCodes = ["EACCES", "EPERM", "EROFS"];
/** Exit code for an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof InterruptedError) {
    return error.signal === "SIGINT" ? exitCodes.interrupted : exitCodes.terminated;
  }
  if (error instanceof OutputClosedError) return exitCodes.ok;
  if (error instanceof PartialBatchError) return exitCodes.partial;
  if (error instanceof ConfigError) return exitCodes.usage;
  if ([CheckpointError, NumericError, PluginError].some((kind) => error instanceof kind)) return exitCodes.data;
  if (error instanceof PermissionError) return exitCodes.permission;
  if (error instanceof HubError) return exitCodes.network;
  if (error instanceof ResourceError) return exitCodes.resource;
  if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied) {
    return exitCodes.permission;
  }
  if (!(error instanceof Error)) return exitCodes.internal;
  const { code } = error as { code?: unknown };
  if (typeof code === "string" && code.startsWith("commander.")) return exitCodes.usage;
  if (
    diskCodes.includes(code as string) || error.message.endsWith("(os error 27)") ||
    outOfMemory(error.message) !== undefined
  ) {
    return exitCodes.resource;
  }
  if (permissionCodes.includes(code as string)) return exitCodes.permission;
  return exitCodes.internal;
}

/** Text on one line, without characters that a terminal obeys. */
export function oneLine(text: string): string {
  return visibleText(text.toWellFormed().replace(/\s*[\r\n\u2028\u2029]+\s*/g, " ").trim());
}

/** How to see more of an internal error, and that a report of it is welcome. */
const internalHint = "this is a fault of the program: run it again with --debug and report what that prints";

/**
 * The line that explains an error.
 *
 * @returns without a prefix such as `error: `, and `""` where there is nobody to tell
 */
export function explainError(error: unknown): string {
  if (error instanceof OutputClosedError) return "";
  const text = error instanceof Error ? error.message : String(error);
  const code = exitCodeOf(error);
  // Deno's own words end with a hint at --allow-…, but start with "Requires"; ours say which.
  const line = oneLine(text.replace(/^error: /, "")) || (error instanceof Error ? error.name : "unknown error");
  if (code === exitCodes.internal) return `${line} (${internalHint})`;
  if (!(error instanceof ResourceError) && code === exitCodes.resource && outOfMemory(text) !== undefined) {
    return `Not enough memory: ${line}; try a smaller -W and -H, or fewer --images-per-prompt`;
  }
  return line;
}

/** The stack of an error and of what caused it, for `--debug`. */
export function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause === undefined ? own : `${own}\nCaused by: ${stackOf(error.cause)}`;
}
