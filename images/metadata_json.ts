/**
 * JSON out of a file that may be hostile.
 * @module
 */
import { CheckpointError } from "../errors.ts";

/** Our own records are four deep and have some hundred values. */
const maxDepth = 64;
const maxValues = 100_000;

const forbiddenKeys: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Parses the JSON of a picture's metadata.
 *
 * @throws {CheckpointError} where it is no JSON, is nested deeper than 64 levels, has more than 100,000 values, or has a key that
 * could reach a prototype
 */
export function parseMetadataJson(text: string): unknown {
  checkExtent(text);
  try {
    return JSON.parse(text, (key, value) => {
      if (forbiddenKeys.has(key)) throw unreadable(`the key "${key}" is not allowed`);
      return value;
    });
  } catch (cause) {
    if (cause instanceof CheckpointError) throw cause;
    throw unreadable("it is not valid JSON", { cause });
  }
}

/** Counts brackets and commas outside of strings first, because the parser's memory and stack grow with them. */
function checkExtent(text: string): void {
  let depth = 0;
  let values = 0;
  for (let at = 0, inString = false; at < text.length; at++) {
    const character = text[at];
    if (character === '"') inString = !inString;
    else if (inString) at += character === "\\" ? 1 : 0;
    else if (character === "[" || character === "{") {
      values++;
      if (++depth > maxDepth) throw unreadable(`it is nested deeper than ${maxDepth} levels`);
    } else if (character === "]" || character === "}") depth--;
    else if (character === ",") values++;
    if (values > maxValues) throw unreadable(`it has more than ${maxValues} values`);
  }
}

function unreadable(detail: string, options?: ErrorOptions): CheckpointError {
  return new CheckpointError(`Cannot read the metadata: ${detail}`, options);
}
