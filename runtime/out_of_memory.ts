/**
 * Recognises that memory has run out: neither engines nor ONNX Runtime have an error class for it.
 * @module
 */

/** What the processor's allocators, V8, WebAssembly, ONNX Runtime's arenas and the libraries of devices say. */
const words = [
  /bad[_ ]alloc/,
  /out of memory/,
  /fail(ed|ure)? to allocate/,
  /alloc(at\w+)?\b.*\bfail/,
  /cannot allocate memory|could not allocate/,
  /mmap.*fail/,
  /available memory of .* is smaller than requested/,
  /CUDA failure 2\b|_STATUS_ALLOC_FAILED|8007000E/,
  /memory access out of bounds|WebAssembly\.Memory/,
  /invalid (typed )?array length/,
].map(({ source }) => new RegExp(source, "i"));

/** Longest line that is passed on. */
const longest = 200;

/**
 * The line in which an error, or what caused it, says that memory has run out: of a device, of the processor or of WebAssembly.
 *
 * @returns nothing where none says so
 */
export function outOfMemory(error: unknown): string | undefined {
  const found: string[] = [];
  // What is thrown may be its own cause, somewhere.
  for (let depth = 0, at = error; at !== undefined && depth < 10; depth++) {
    const message = at instanceof Error ? at.message : String(at);
    const line = message.split("\n").find((line) => words.some((word) => word.test(line)));
    if (line !== undefined) found.push(line.trim());
    at = at instanceof Error ? at.cause : undefined;
  }
  return found.at(-1)?.slice(0, longest);
}
