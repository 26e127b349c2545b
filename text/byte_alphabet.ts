/**
 * The character of each byte: itself if Latin-1 prints it, else the next free one from U+0100 on (GPT-2's
 * `bytes_to_unicode`). CLIP's vocabulary begins with these 256 in the order of their code points.
 */
export function byteAlphabet(): string[] {
  let free = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrinted = byte >= 0x21 && byte <= 0x7e || byte >= 0xa1 && byte <= 0xff && byte !== 0xad;
    return String.fromCharCode(isPrinted ? byte : free++);
  });
}
