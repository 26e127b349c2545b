/**
 * The kinds of plugins: how they are called, and what a part of each must be able to do.
 * @module
 */
import type { Kind } from "./define.ts";

/** A kind in words, and the methods of which a part has at least one. */
export const kinds: Readonly<Record<Kind, { readonly words: string; readonly methods: readonly string[] }>> = {
  textEncoder: { words: "text encoder", methods: ["encode"] },
  prior: { words: "prior", methods: ["predict", "embed"] },
  decoder: { words: "decoder", methods: ["predict"] },
  autoencoder: { words: "autoencoder", methods: ["decode"] },
  compressor: { words: "compressor", methods: ["embed"] },
  scheduler: { words: "scheduler", methods: ["step"] },
  postprocessor: { words: "post-processor", methods: ["process"] },
  metric: { words: "metric", methods: ["measure", "compare"] },
  runtime: { words: "runtime", methods: ["createSession"] },
};

/** The names of all kinds. */
export const kindNames: readonly Kind[] = Object.keys(kinds) as Kind[];

/** Whether a text names a kind. */
export function isKind(text: unknown): text is Kind {
  return typeof text === "string" && Object.hasOwn(kinds, text);
}
