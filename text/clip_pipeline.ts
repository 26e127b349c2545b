import { type Fields, unexpected } from "./tokenizer_fields.ts";

const words = String.raw`'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`;

/** What a tokenizer.json must say; a function stands for several values. */
const pipeline = {
  normalizer: {
    type: "Sequence",
    normalizers: [
      { type: "NFC" },
      { type: "Replace", pattern: { Regex: String.raw`\s+` }, content: " " },
      { type: "Lowercase" },
    ],
  },
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [
      {
        type: "Split",
        // Both split alike: special tokens are taken out before, and where they are not, `ByteLevel` takes them apart
        // again.
        pattern: { Regex: oneOf(words, String.raw`<\|startoftext\|>|<\|endoftext\|>|${words}`) },
        behavior: "Removed",
        invert: true,
      },
      { type: "ByteLevel", add_prefix_space: false },
    ],
  },
  model: {
    type: oneOf("BPE", undefined),
    dropout: oneOf(null, undefined),
    continuing_subword_prefix: oneOf("", null, undefined),
    fuse_unk: oneOf(false, undefined),
    byte_fallback: oneOf(false, undefined),
    ignore_merges: oneOf(false, undefined),
  },
};

/**
 * Checks that a parsed tokenizer.json asks for the steps that this package follows in code: NFC, white space, lower
 * case, CLIP's words, byte-level BPE without extras.
 *
 * @param where path of the file, for the message
 * @throws CheckpointError naming the file and the first field that differs
 */
export function checkClipPipeline(tokenizer: Fields, where: string): void {
  const difference = firstDifference(tokenizer, pipeline, "");
  if (difference !== undefined) {
    throw unexpected(`${where}: ${difference.path}`, "what CLIP's tokenizer has", difference.found);
  }
}

function firstDifference(found: unknown, wanted: unknown, path: string): { path: string; found: unknown } | undefined {
  if (typeof wanted === "function") return wanted(found) ? undefined : { path, found };
  if (typeof wanted !== "object" || wanted === null) return Object.is(found, wanted) ? undefined : { path, found };
  const isArray = Array.isArray(wanted);
  if (typeof found !== "object" || found === null || Array.isArray(found) !== isArray) return { path, found };
  if (isArray && (found as unknown[]).length !== wanted.length) return { path, found };
  for (const [key, value] of Object.entries(wanted)) {
    const field = isArray ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
    const difference = firstDifference((found as Fields)[key], value, field);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function oneOf(...values: unknown[]): (value: unknown) => boolean {
  return (value) => values.includes(value);
}
