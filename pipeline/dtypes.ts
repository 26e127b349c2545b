/**
 * In which type each network of a conversion is written.
 * @module
 */
import { ConfigError } from "../errors.ts";
import type { WeightType } from "../weights/cast.ts";
import { networkNames, notOneOf } from "./precisions.ts";

/** What a choice can name: a network, `text_encoder` for both of them, or `all` for those that are not named. */
export const dtypeTargets = [...networkNames, "text_encoder", "compressor", "all"] as const;

/** One of {@linkcode dtypeTargets}. */
export type DtypeTarget = typeof dtypeTargets[number];

/** One type for all networks, or one for each that is named; what is neither named nor among `all` stays as it is stored. */
export type DtypeChoice = WeightType | Readonly<Partial<Record<DtypeTarget, WeightType>>>;

/** Types by the names that people give them. */
export const dtypeNames = { fp32: "float32", fp16: "float16", bf16: "bfloat16" } as const;

/**
 * Reads `fp16`, `vqgan=fp32`, or several behind commas, and adds them to what was said before; the last word on a network counts.
 *
 * @throws {ConfigError} where a word is no type, or no network of a model
 */
export function parseDtypes(
  text: string,
  before: Readonly<Partial<Record<DtypeTarget, WeightType>>> = {},
): Readonly<Partial<Record<DtypeTarget, WeightType>>> {
  const chosen = text.split(",").map((item) => {
    const [network, word] = item.includes("=") ? item.split("=", 2).map((part) => part.trim()) : ["all", item.trim()];
    const target = dtypeTargets.find((name) => name === network);
    if (!target) throw notOneOf("a network", network!, dtypeTargets);
    const known = Object.entries(dtypeNames).find(([name]) => name === word);
    if (!known) throw notOneOf("a type of weights", word!, Object.keys(dtypeNames));
    return [target, known[1]] as const;
  });
  return { ...before, ...Object.fromEntries(chosen) };
}

/** A network that is converted, by its own name and by its kind. */
export interface NamedNetwork {
  readonly name: DtypeTarget;
  readonly kind: DtypeTarget;
}

/** What a choice says of a network: its own name before its kind, its kind before `all`. */
export function dtypeFor(choice: DtypeChoice | undefined, { name, kind }: NamedNetwork): WeightType | undefined {
  return typeof choice === "object" ? choice[name] ?? choice[kind] ?? choice.all : choice;
}

/**
 * Looks whether each name of a choice is that of a network which is there.
 *
 * @param options.from what is converted, for the message
 * @throws {ConfigError} where one is not
 */
export function checkDtypes(
  choice: DtypeChoice | undefined,
  networks: readonly NamedNetwork[],
  { from }: { from: string },
): void {
  if (typeof choice !== "object") return;
  const there = new Set(networks.flatMap(({ name, kind }) => [name, kind]));
  const missing = Object.keys(choice).find((name) => name !== "all" && !there.has(name as DtypeTarget));
  if (missing === undefined) return;
  throw new ConfigError(`Expected a type for ${[...there].join(", ")}, as ${from} has, but found one for ${missing}`);
}
