/**
 * Writes checkpoints of random weights at any size, so that the published dimensions can be timed without their weights.
 * @module
 */
import { join } from "node:path";
import { TorchGenerator } from "../tensor/random/torch_generator.ts";
import { sizeOf } from "../tensor/tensor.ts";

/** Normal numbers that all tensors are filled from, over and over: making each one anew would take minutes. */
const poolSize = 1 << 22;

/**
 * Writes `<stem>.safetensors` with fp32 normals scaled by 1/√fan-in, streaming: memory stays at one pool.
 *
 * @param parameters shape of each tensor by key
 * @returns bytes of the file
 */
export async function writeRandomWeights(
  folder: string,
  { stem, parameters }: { stem: string; parameters: ReadonlyMap<string, readonly number[]> },
): Promise<number> {
  await Deno.mkdir(folder, { recursive: true });
  const header: Record<string, unknown> = {};
  let offset = 0;
  for (const [key, shape] of parameters) {
    const end = offset + 4 * sizeOf(shape);
    header[key] = { dtype: "F32", shape, data_offsets: [offset, end] };
    offset = end;
  }
  const text = JSON.stringify(header);
  const head = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8, " "));
  using file = await Deno.open(join(folder, `${stem}.safetensors`), { write: true, create: true, truncate: true });
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(head.length), true);
  await writeAll(file, length);
  await writeAll(file, head);
  const pool = new TorchGenerator(0).normal([poolSize]).data as Float32Array;
  const block = new Float32Array(poolSize);
  let turn = 0;
  for (const [key, shape] of parameters) {
    const scaled = scaleOf(key, shape);
    // Each tensor starts elsewhere in the pool: the runtime keeps equal weights once, which real ones never are.
    turn = (turn + 1_234_577) % poolSize;
    const size = sizeOf(shape);
    for (let i = 0; i < Math.min(size, poolSize); i++) block[i] = scaled(pool[(i + turn) % poolSize]!);
    for (let left = size; left > 0; left -= poolSize) {
      await writeAll(file, new Uint8Array(block.buffer, 0, 4 * Math.min(left, poolSize)));
    }
  }
  return 8 + head.length + offset;
}

/** How a tensor's numbers come from normals: variances are positive, norms are near 1, matrices keep the scale of their input. */
function scaleOf(key: string, shape: readonly number[]): (normal: number) => number {
  if (key.endsWith("running_var")) return (normal) => 1 + 0.1 * Math.abs(normal);
  if (/norm\d?\.weight$/.test(key)) return (normal) => 1 + 0.02 * normal;
  if (shape.length < 2) return (normal) => 0.02 * normal;
  // Stage C divides by |1 − b|, b being half of this layer's output: far from 1, or the result is noise.
  const gain = key === "out.1.weight" ? 0.1 : 1;
  const deviation = gain / Math.sqrt(sizeOf(shape.slice(1)));
  return (normal) => deviation * normal;
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
}
