import assert from "node:assert/strict";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { waves } from "../../tests/wave_weights.ts";
import { type EnlargeTile, enlargeTiled } from "./tiles.ts";

/** Each pixel four times, after the mean over a window of 2·radius + 1 pixels whose outside is empty. */
function blurAndDouble({ data, shape }: Tensor<"float32">, radius: number): Tensor<"float32"> {
  const [batch, channels, height, width] = shape as [number, number, number, number];
  const result = tensor("float32", [batch, channels, 2 * height, 2 * width]);
  result.data.forEach((_, i) => {
    const [x, y] = [Math.floor(i % (2 * width) / 2), Math.floor(Math.floor(i / (2 * width)) % (2 * height) / 2)];
    const plane = Math.floor(i / (4 * width * height)) * width * height;
    let sum = 0;
    for (let v = Math.max(0, y - radius); v <= Math.min(height - 1, y + radius); v++) {
      for (let u = Math.max(0, x - radius); u <= Math.min(width - 1, x + radius); u++) {
        sum += data[plane + v * width + u]!;
      }
    }
    result.data[i] = sum / (2 * radius + 1) ** 2;
  });
  return result;
}

Deno.test("what looks no further than a quarter of the overlap gives the same in tiles as in one piece", async () => {
  for (
    const [height, width, tile, overlap] of [[20, 33, 12, 8], [9, 50, 16, 9], [8, 8, 8, 4], [64, 7, 10, 8]] as const
  ) {
    const planes = waves([2, 3, height, width]);
    const sizes = new Set<string>();
    const enlarge: EnlargeTile = (piece) => {
      sizes.add(piece.shape.join());
      return Promise.resolve(blurAndDouble(piece, 2));
    };
    const tiled = await enlargeTiled(planes, enlarge, { tile, overlap });
    const whole = blurAndDouble(planes, 2);
    assert.deepEqual(tiled.shape, whole.shape);
    const off = tiled.data.reduce((most, value, i) => Math.max(most, Math.abs(value - whole.data[i]!)), 0);
    assert(off < 1e-6, `${height}x${width}: ${off}`);
    assert.deepEqual([...sizes], [`2,3,${Math.min(tile, height)},${Math.min(tile, width)}`]);
  }
});

Deno.test("pieces that do not overlap cover the picture too", async () => {
  const planes = waves([1, 1, 10, 13]);
  const tiled = await enlargeTiled(planes, (piece) => Promise.resolve(piece), { tile: 4, overlap: 0 });
  assert(tiled.data.every((value, i) => Math.abs(value - planes.data[i]!) < 1e-7));
});

Deno.test("a piece that comes back in another shape is refused", async () => {
  const planes = waves([1, 3, 10, 10]);
  const wrong = (shape: number[]) => () =>
    enlargeTiled(planes, () => Promise.resolve(tensor("float32", shape)), { tile: 8, overlap: 4 });
  for (const shape of [[1, 3, 12, 16], [2, 3, 16, 16], [1, 3, 4, 4], [3, 16, 16]]) {
    await assert.rejects(wrong(shape), /Expected \[1, channels, s·8, s·8\] for one whole s but found \[/);
  }
});
