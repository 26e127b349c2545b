import { ConfigError } from "../errors.ts";

/** The longest prompt that is taken, in bytes of UTF-8: far more than the about 75 tokens that a text encoder sees. */
export const longestPromptBytes = 128 * 1024;

/**
 * Checks a prompt, and returns it as it is.
 *
 * Any text is taken, the empty one and right-to-left scripts too, but for three kinds:
 *
 * - more than 131,072 bytes of UTF-8
 * - NUL characters (U+0000)
 * - lone surrogates, which are no text and have no UTF-8
 *
 * What is past the text encoder's length is not wrong; it is cut off with a warning.
 *
 * @throws ConfigError with size and limit, or with the position (in UTF-16 units, from 0) of the character
 */
export function checkPrompt(prompt: string): string {
  const bytes = new TextEncoder().encode(prompt).length;
  if (bytes > longestPromptBytes) {
    throw new ConfigError(
      `Expected a prompt of at most ${longestPromptBytes} bytes of UTF-8 but found ${bytes}; shorten it`,
    );
  }
  const nul = prompt.indexOf("\0");
  if (nul >= 0) throw new ConfigError(`Expected a prompt of text but found NUL (U+0000) at position ${nul}; remove it`);
  if (!prompt.isWellFormed()) {
    const at = prompt.search(/\p{Surrogate}/u);
    const code = prompt.charCodeAt(at).toString(16).toUpperCase();
    throw new ConfigError(
      `Expected a prompt of text but found a lone surrogate (U+${code}) at position ${at}; remove it`,
    );
  }
  return prompt;
}
