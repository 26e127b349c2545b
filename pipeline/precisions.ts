/**
 * In how many bits each network of a model keeps its weights.
 * @module
 */
import { nearestName } from "../config/nearest_name.ts";
import { ConfigError } from "../errors.ts";
import { type Precision, precisions } from "../weights/precision.ts";
import { quote } from "../weights/quote.ts";

/** The networks that paint, named as in metadata. */
export const networkNames = ["prior", "prior_text_encoder", "decoder", "decoder_text_encoder", "vqgan"] as const;

/** One of {@linkcode networkNames}. */
export type NetworkName = typeof networkNames[number];

/** One precision for all networks, or one for each that is named; the others stay as they are stored. */
export type PrecisionChoice = Precision | Readonly<Partial<Record<NetworkName, Precision>>>;

/** What a choice says of a network. */
export function precisionFor(choice: PrecisionChoice | undefined, network: NetworkName): Precision | undefined {
  return typeof choice === "object" ? choice[network] : choice;
}

/**
 * Reads a choice: `int8`, or `prior=int8,vqgan=fp32`; or `auto`, for whoever knows the machine to choose.
 *
 * @throws {ConfigError} where a word is no precision, or no network of a model
 */
export function parsePrecision(text: string): PrecisionChoice | "auto" {
  if (text === "auto") return text;
  if (!text.includes("=")) return precision(text, ["auto"]);
  const chosen = text.split(",").map((item) => {
    const [network = "", word = ""] = item.split("=", 2).map((part) => part.trim());
    const known = networkNames.find((name) => name === network);
    if (!known) throw notOneOf("a network", network, networkNames);
    return [known, precision(word)] as const;
  });
  return Object.fromEntries(chosen);
}

/** Checks a choice that was made in code, where types may have been overlooked; texts are read as {@linkcode parsePrecision} does. */
export function checkPrecision(
  choice: PrecisionChoice | "auto" | undefined,
): PrecisionChoice | "auto" | undefined {
  if (choice === undefined) return undefined;
  if (typeof choice === "string") return parsePrecision(choice);
  if (typeof choice !== "object" || choice === null) throw notOneOf("a precision", String(choice), precisions);
  return parsePrecision(formatPrecision(choice));
}

/** Writes a choice as {@linkcode parsePrecision} reads it. */
export function formatPrecision(choice: PrecisionChoice): string {
  if (typeof choice === "string") return choice;
  return Object.entries(choice).map((entry) => entry.join("=")).join(",");
}

/** What networks keep their weights in, in as few words as it takes; nothing where all are as they were stored. */
export function describePrecision(
  networks: Readonly<Record<NetworkName, { readonly precision: Precision }>>,
): PrecisionChoice | undefined {
  const all = networkNames.map((name) => [name, networks[name].precision] as const);
  const [first] = all;
  if (all.every(([, precision]) => precision === first![1])) return first![1] === "fp32" ? undefined : first![1];
  return Object.fromEntries(all.filter(([, precision]) => precision !== "fp32"));
}

function precision(text: string, more: readonly string[] = []): Precision {
  const found = precisions.find((name) => name === text);
  if (found) return found;
  throw notOneOf("a precision", text, [...precisions, ...more]);
}

/** The error for a word that is none of a list, with the nearest of them. */
export function notOneOf(what: string, word: string, names: readonly string[]): ConfigError {
  const near = nearestName(word, names);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  return new ConfigError(`Expected ${what} out of ${names.join(", ")} but found ${quote(word)}${hint}`);
}
