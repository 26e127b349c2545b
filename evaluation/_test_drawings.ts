/** A data set of drawings with alpha, for tests. */
import { join } from "node:path";
import { encodePng } from "../images/png_encode.ts";

/** Writes `count` discs of different sizes and colours on nothing, with captions "disc 0" …, and a caption file. */
export async function drawDiscs(folder: string, { count = 8, side = 64 } = {}): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    const data = new Uint8Array(side * side * 4);
    const radius = side * (0.15 + 0.25 * i / count);
    const rgb = [(i * 67) % 256, (i * 131 + 40) % 256, (i * 29 + 90) % 256];
    for (let p = 0; p < side * side; p++) {
      const distance = Math.hypot(p % side - side / 2, Math.floor(p / side) - side / 2 + i);
      if (distance < radius) data.set([...rgb, 255], 4 * p);
    }
    await Deno.writeFile(join(folder, `${i}.png`), encodePng({ width: side, height: side, channels: 4, data }));
    lines.push(JSON.stringify({ file_name: `${i}.png`, text: `disc ${i}` }));
  }
  await Deno.writeTextFile(join(folder, "metadata.jsonl"), `${lines.join("\n")}\n`);
}
