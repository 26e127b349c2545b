/**
 * Shows what a training has learnt, large enough to be seen: the last grids of Stage A and Stage B, and `moons.png`, a drawing of each
 * kind of moon above a picture that the model paints of it.
 *
 * Run with `deno run -A examples/moons/show.ts [RUN] [FOLDER]`.
 * @module
 */
import { join } from "node:path";
import { decodeImage } from "../../images/codec.ts";
import { tileImages } from "../../images/grid.ts";
import type { Pixels } from "../../images/pixels.ts";
import { encodePng } from "../../images/png_encode.ts";
import { loadPipeline } from "../../pipeline/pipeline.ts";
import { drawMoon, side } from "./draw.ts";
import { captionOf, moons } from "./moon.ts";

/** How often a pixel is repeated along each side, so that 32 of them can be seen. */
const scale = 3;

/** Moons in a row. */
const columns = 10;

function enlarge({ width, height, channels, data }: Pixels): Pixels {
  const large = { width: width * scale, height: height * scale, channels };
  const bytes = new Uint8Array(large.width * large.height * channels);
  for (let i = 0; i < bytes.length; i++) {
    const pixel = Math.floor(i / channels);
    const [x, y] = [Math.floor(pixel % large.width / scale), Math.floor(pixel / large.width / scale)];
    bytes[i] = data[(y * width + x) * channels + i % channels]!;
  }
  return { ...large, data: bytes };
}

/** Paints every kind of moon, with the seeds 0, 1 …, in the order of {@linkcode moons}. */
export async function paintMoons(model: string): Promise<Pixels[]> {
  await using pipeline = await loadPipeline(model, { keepLoaded: true });
  const painted: Pixels[] = [];
  for (const [seed, moon] of moons.entries()) {
    const { images } = await pipeline.generate({ prompt: captionOf(moon), seed });
    painted.push(images[0]!);
  }
  return painted;
}

/** The last grid of a phase. */
async function lastGrid(run: string, phase: string): Promise<Pixels> {
  const folder = join(run, "samples");
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.startsWith(phase));
  return await decodeImage(await Deno.readFile(join(folder, names.sort().at(-1)!)));
}

if (import.meta.main) {
  const [run = "out/moons-run", folder = "out"] = Deno.args;
  const drawn = moons.map((_, i): Pixels => {
    const data = Uint8Array.from(drawMoon(i), (value) => value >> 8);
    return { width: side, height: side, channels: 1, data };
  });
  const painted = await paintMoons(join(run, "model"));
  const rows: Pixels[] = [];
  for (let i = 0; i < moons.length; i += columns) {
    rows.push(...drawn.slice(i, i + columns), ...painted.slice(i, i + columns));
  }
  const pictures = {
    stageA: await lastGrid(run, "stageA"),
    stageB: await lastGrid(run, "stageB"),
    moons: tileImages(rows, { columns, gap: 2, background: [60, 80, 140] }),
  };
  for (const [name, picture] of Object.entries(pictures)) {
    const path = join(folder, `${name}.png`);
    await Deno.writeFile(path, encodePng(enlarge(picture)));
    console.log(path);
  }
}
