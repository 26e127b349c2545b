/**
 * The `parameters` text of AUTOMATIC1111's web UI, which many tools show and paste (its `modules/infotext_utils.py`).
 *
 * ```text
 * a red apple
 * Negative prompt: blurry
 * Steps: 60, Sampler: DDPM Wuerstchen, CFG scale: 4, Seed: 7, Size: 512x512
 * ```
 * @module
 */

/** A prompt with the settings that painted it. */
export interface Parameters {
  readonly prompt: string;
  /** Left out of the text where it is empty. */
  readonly negativePrompt: string;
  /** Names and values of the last line, in order. The web UI takes the line for one only where it has three or more. */
  readonly fields: readonly (readonly [name: string, value: string | number])[];
}

/** What the web UI's parser takes for the name of a field. */
const fieldName = /^\w[\w \-/]{1,99}$/;

/** A longer last line is taken for prompt. */
const maxSettingsLength = 100_000;

const negativePrefix = "Negative prompt:";

/**
 * Writes the text. A value that holds `,`, `:`, a quote at its start or a line end is quoted as JSON.
 *
 * The format is for reading: a prompt with a line that looks like one of its own cannot be told apart. The `wuerstchen` JSON is exact.
 *
 * @throws {RangeError} with fewer than three fields
 * @throws {TypeError} where a field's name has other characters than letters, digits, `_`, space, `-` and `/`, or fewer than 2 or more than 100
 */
export function formatParameters({ prompt, negativePrompt, fields }: Parameters): string {
  if (fields.length < 3) throw new RangeError(`Expected at least 3 fields but found ${fields.length}`);
  const settings = fields.map(([name, value]) => {
    if (!fieldName.test(name)) {
      throw new TypeError(
        `Expected a field name of two or more letters, digits, spaces, "_", "-" or "/" but found "${name}"`,
      );
    }
    return `${name}: ${quote(String(value))}`;
  });
  return [prompt, ...(negativePrompt === "" ? [] : [`${negativePrefix} ${negativePrompt}`]), settings.join(", ")].join(
    "\n",
  );
}

/** Reads the text as the web UI does; values come back as strings. A text without a line of settings is all prompt. */
export function parseParameters(text: string): Parameters {
  const lines = text.split("\n");
  const fields = parseFields(lines.at(-1)!);
  if (fields.length >= 3) lines.pop();
  const at = lines.findIndex((line) => line.startsWith(negativePrefix));
  const prompt = at < 0 ? lines : lines.slice(0, at);
  const negative = at < 0 ? "" : lines.slice(at).join("\n").slice(negativePrefix.length);
  return {
    prompt: prompt.join("\n"),
    negativePrompt: negative.replace(/^ /, ""),
    fields: fields.length >= 3 ? fields : [],
  };
}

function quote(value: string): string {
  return /[,:\n\r]|^["\s]|\s$/.test(value) ? JSON.stringify(value) : value;
}

function parseFields(line: string): [string, string][] {
  // The bounds keep a hostile line from taking quadratic time.
  if (line.length > maxSettingsLength) return [];
  const pairs = line.matchAll(/\s*(\w[\w \-/]{1,99}):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)/g);
  return [...pairs].map(([, name, value]) => [name!, unquote(value!)]);
}

function unquote(value: string): string {
  if (!value.startsWith('"') || !value.endsWith('"')) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return value;
  }
}
