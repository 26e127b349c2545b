/**
 * Reads what gzip has compressed.
 * @module
 */

/**
 * The bytes that were compressed.
 *
 * @throws {TypeError} where they are damaged
 */
export async function gunzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
