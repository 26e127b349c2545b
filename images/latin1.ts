/**
 * Texts of one byte a character. Not by TextDecoder, whose "latin1" is Windows-1252.
 * @module
 */

/** The bytes of a text in ISO 8859-1; its characters are U+0000 to U+00FF. */
export function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The text that bytes mean in ISO 8859-1. */
export function latin1Text(bytes: Uint8Array): string {
  const pieces: string[] = [];
  // So few at once that they fit on the stack.
  for (let at = 0; at < bytes.length; at += 4096) pieces.push(String.fromCharCode(...bytes.subarray(at, at + 4096)));
  return pieces.join("");
}
