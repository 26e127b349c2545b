/**
 * One pass over the bytes of a checkpoint: their hash, and which tensors hold NaN or infinity.
 * @module
 */
import { createHash } from "node:crypto";
import { CheckpointError } from "../errors.ts";
import type { DType } from "../tensor/tensor.ts";
import type { StoredTensor } from "./checkpoint.ts";

/** What a pass over a checkpoint finds. */
export interface Scan {
  /** SHA-256 of the files' contents, one after the other, in hexadecimal. */
  readonly hash: string;
  /** Keys of the tensors with NaN or infinity among their elements. */
  readonly nonFinite: readonly string[];
}

/** What a pass needs to know of a checkpoint: plain data, which a worker can be sent. */
export interface ScanSource {
  readonly files: readonly string[];
  /** The tensors of the files. Some may share their bytes, and there may be others between them. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** Bytes read at once; a multiple of every element's width. */
const chunkBytes = 1 << 20;

/** Whether any element has all bits of its exponent set, which is how NaN and infinity are written. */
function hasNonFinite(dtype: DType, bytes: Uint8Array): boolean {
  const { buffer, byteOffset, byteLength } = bytes;
  const masks: Partial<Record<DType, [typeof Uint16Array | typeof Uint32Array, number, number]>> = {
    float16: [Uint16Array, 0x7c00, 1],
    bfloat16: [Uint16Array, 0x7f80, 1],
    float32: [Uint32Array, 0x7f800000, 1],
    // The exponent is in the second of an element's two words.
    float64: [Uint32Array, 0x7ff00000, 2],
  };
  const [array, mask, stride] = masks[dtype] ?? [];
  if (array === undefined || mask === undefined || stride === undefined) return false;
  const words = new array(buffer as ArrayBuffer, byteOffset, Math.floor(byteLength / array.BYTES_PER_ELEMENT));
  for (let i = stride - 1; i < words.length; i += stride) if ((words[i]! & mask) === mask) return true;
  return false;
}

/**
 * Reads all files once, streaming. The hash is what `cat FILES | sha256sum` prints.
 *
 * @param options.onRead is told the bytes of each piece that was read
 */
export async function scanFiles(
  { files, tensors }: ScanSource,
  { onRead }: { onRead?: ((bytes: number) => void) | undefined } = {},
): Promise<Scan> {
  const hash = createHash("sha256");
  const nonFinite: string[] = [];
  const buffer = new Uint8Array(chunkBytes);
  for (const path of files) {
    const own = [...tensors].filter(([, { file }]) => file === path).sort(([, a], [, b]) => a.start - b.start);
    using file = await Deno.open(path);
    const { size } = await file.stat();
    const read = async (length: number, visit: (bytes: Uint8Array) => void) => {
      for (let left = length; left > 0;) {
        const part = buffer.subarray(0, Math.min(left, chunkBytes));
        for (let filled = 0; filled < part.length;) {
          const count = await file.read(part.subarray(filled));
          if (count === null) throw new CheckpointError(`${path}: the file became shorter while it was read`);
          filled += count;
        }
        hash.update(part);
        visit(part);
        onRead?.(part.length);
        left -= part.length;
      }
    };
    let at = 0;
    for (const [key, { dtype, start, length }] of own) {
      if (start > at) await read(start - at, () => {});
      // What a tensor shares with the one before is reported there.
      at = Math.max(at, start);
      let bad = false;
      await read(start + length - at, (bytes) => bad ||= hasNonFinite(dtype, bytes));
      at = Math.max(at, start + length);
      if (bad) nonFinite.push(key);
    }
    await read(size - at, () => {});
  }
  return { hash: hash.digest("hex"), nonFinite };
}
