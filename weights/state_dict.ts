/**
 * Finds the weights of one network among what a checkpoint of a training holds beside them.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { isTensor, type PickledTensor, type PickleValue } from "./pt/pickle_values.ts";
import { quote, quoteSome } from "./quote.ts";

/** Names of the dictionary with the weights to use, the best first: averaged weights go before those of the last step. */
const preferred = [
  "ema_state_dict",
  "ema",
  "model_ema",
  "state_dict",
  "model_state_dict",
  "model",
  "module",
  "generator",
];

/** What wrappers of torch, trainers and bundlers put before every name. */
const wrappers = [
  ...preferred,
  "_orig_mod",
  "diffusion_model",
  "unet",
  "prior",
  "decoder",
  "vqgan",
  "vqmodel",
  "effnet",
  "effnet_state_dict",
];

/** Optimisers keep tensors of the same shapes, which are no weights. */
const isState = (path: string) =>
  /(^|\.)(optimizer|optimizer_state_dict|scaler|grad_scaler_state_dict)(\.|$)/.test(path);

/** Deeper than any checkpoint keeps its weights. */
const maxDepth = 3;

/**
 * Chooses the dictionary with the weights out of what a pickle holds.
 *
 * @param options.dict its path, such as `effnet_state_dict`; without it averaged weights go before others
 * @throws {CheckpointError} where there is none, or several and none of them is known, naming them
 */
export function findStateDict(
  root: PickleValue,
  { file, dict }: { file: string; dict?: string | undefined },
): Map<string, PickledTensor> {
  const found = new Map<string, ReadonlyMap<PickleValue, PickleValue>>();
  const search = (value: PickleValue, path: string, depth: number) => {
    if (!(value instanceof Map) || depth > maxDepth || isState(path)) return;
    if ([...value.values()].some(isTensor)) found.set(path, value);
    for (const [key, inner] of value) {
      if (typeof key === "string") search(inner, path === "" ? key : `${path}.${key}`, depth + 1);
    }
  };
  search(root, "", 0);
  const names = [...found.keys()];
  const only = names.length === 1 ? names[0] : undefined;
  const chosen = dict ?? [...preferred, ""].find((name) => found.has(name)) ?? only;
  const weights = chosen === undefined ? undefined : found.get(chosen);
  if (!weights) {
    if (names.length === 0) throw new CheckpointError(`${file}: there is no dictionary of tensors in it`);
    const wanted = dict === undefined ? "which dictionary has the weights" : `a dictionary ${quote(dict)}`;
    throw new CheckpointError(`${file}: expected ${wanted} but found ${quoteSome(names)}; name one with --dict`);
  }
  const others = [...weights].filter(([key, value]) => typeof key !== "string" || !isTensor(value));
  if (others.length > 0) {
    const keys = others.map(([key]) => String(key));
    throw new CheckpointError(`${file}: entries of the weights that are no tensors: ${quoteSome(keys)}`);
  }
  return weights as Map<string, PickledTensor>;
}

/** Takes away, again and again, the name of a wrapper that all keys begin with; of two dictionaries beside each other the better stays. */
export function unwrapKeys<Value>(tensors: ReadonlyMap<string, Value>): Map<string, Value> {
  let entries = [...tensors];
  for (;;) {
    const heads = new Set(entries.map(([key]) => key.includes(".") ? key.slice(0, key.indexOf(".")) : ""));
    if (heads.size === 0 || [...heads].some((head) => !wrappers.includes(head))) return new Map(entries);
    const best = heads.size === 1 ? [...heads][0] : preferred.find((name) => heads.has(name));
    if (best === undefined || (heads.size > 1 && ![...heads].every((head) => preferred.includes(head)))) {
      return new Map(entries);
    }
    entries = entries.filter(([key]) => key.startsWith(`${best}.`)).map((
      [key, value],
    ) => [key.slice(best.length + 1), value]);
  }
}
