/**
 * Reads the beginning of a body, or all of one that is small enough.
 * @module
 */

/**
 * The first bytes of a body; the rest, however much a server would send, is not fetched.
 *
 * @throws what the body ends with, where it ends with an error before
 */
export async function firstBytes({ body }: Pick<Response, "body">, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let got = 0;
  for await (const piece of body ?? []) {
    // A copy: the memory that a short piece lies in may be long.
    const part = piece.slice(0, bytes - got);
    pieces.push(part);
    got += part.byteLength;
    if (got >= bytes) break;
  }
  const start = new Uint8Array(got);
  let at = 0;
  for (const part of pieces) {
    start.set(part, at);
    at += part.byteLength;
  }
  return start;
}
