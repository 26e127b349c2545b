/**
 * What a picture of an experiment is called: by its content, so that equal ones are painted once and found again.
 * @module
 */
import { createHash } from "node:crypto";
import type { ModelIdentity, ResolvedOptions } from "../pipeline/types.ts";

/** What decides a picture and its measurements. */
export interface PictureContent {
  /** All settings, defaults filled in. */
  readonly options: ResolvedOptions;
  readonly model: ModelIdentity;
  /** Threads, device and runtime, only where they were chosen: a picture has to be found on a machine with more cores too. */
  readonly machine: readonly unknown[];
  /** sha256 of initial noise and of the run that is gone on from, where they are files. */
  readonly inputs?: Readonly<Record<string, string>> | undefined;
  readonly repeat: number;
  /** Its place among the pictures of its draw, from 0. */
  readonly image: number;
  /** sha256 of the outside plugins of the experiment. */
  readonly plugins: readonly string[];
}

/** Hexadecimal digits of a name. */
const length = 16;

/** The name of a picture: the beginning of the sha256 of its resolved settings and of the weights' hashes; where files lie does not matter. */
export function pictureId({ options, model, machine, inputs, repeat, image, plugins }: PictureContent): string {
  const loras = model.loras?.map(({ hash, scale }) => ({ hash, scale }));
  const { weights, precision } = model;
  const content = { options, weights, precision, loras, machine, inputs, repeat, image: image || undefined, plugins };
  return createHash("sha256").update(canonicalJson(content)).digest("hex").slice(0, length);
}

/** JSON whose keys are sorted: of equal values it is equal. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined).sort(([a], [b]) => a < b ? -1 : 1);
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(",")}}`;
}
