/**
 * Draws the data set of the tutorial: greyscale PNGs of 16 bits, each with its caption in a .txt file beside it.
 *
 * Run with `deno run -A examples/moons/draw.ts [FOLDER]`. The result is the same bytes each time.
 * @module
 */
import { join } from "node:path";
import { encodePng } from "../../images/png_encode.ts";
import { TorchGenerator } from "../../tensor/random/torch_generator.ts";
import { captionOf, moons, paintMoon } from "./moon.ts";

/** Side of the pictures in pixels. */
export const side = 32;

/** The picture of a number, 16 bits a sample: every kind of moon comes as often as the others. */
export function drawMoon(index: number): Uint16Array {
  const numbers = new TorchGenerator(index).uniform([256]).data as Float32Array;
  let next = 0;
  return paintMoon(moons[index % moons.length]!, { side, random: () => numbers[next++]! });
}

/**
 * Writes pictures and captions.
 *
 * @param folder is made where it is not there
 */
export async function drawMoons(folder: string, { count = 600 }: { count?: number } = {}): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (let i = 0; i < count; i++) {
    const name = String(i).padStart(4, "0");
    const data = drawMoon(i);
    await Deno.writeFile(join(folder, `${name}.png`), encodePng({ width: side, height: side, channels: 1, data }));
    await Deno.writeTextFile(join(folder, `${name}.txt`), `${captionOf(moons[i % moons.length]!)}\n`);
  }
}

if (import.meta.main) {
  const [folder = "out/moons"] = Deno.args;
  await drawMoons(folder);
  console.log(folder);
}
