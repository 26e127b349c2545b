/**
 * Writes the damaged files of `mutate.ts` and this reader's verdicts, for `tests/fixtures/safetensors/reference_verdicts.py`:
 * `deno run -A tests/safetensors/write_mutants.ts SEED COUNT OUTPUT_FOLDER`.
 *
 * `mutants.bin` holds each file after 4 bytes of its length (little-endian); `verdicts.txt` holds `1` for accepted or `0` and the
 * reason, one line a file.
 * @module
 */

import { join } from "node:path";
import { CheckpointError } from "../../errors.ts";
import { parseSafetensorsHeader } from "../../weights/safetensors_header.ts";
import { mutant } from "./mutate.ts";

const [seed, count] = Deno.args.slice(0, 2).map(Number) as [number, number];
const folder = Deno.args[2]!;
const started = performance.now();
using blob = await Deno.create(join(folder, "mutants.bin"));
using verdicts = await Deno.create(join(folder, "verdicts.txt"));
for (let index = 0; index < count; index++) {
  const bytes = mutant(seed, index);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.byteLength, true);
  blob.writeSync(length);
  blob.writeSync(bytes);
  let verdict = "1";
  try {
    parseSafetensorsHeader(bytes, { name: "mutant", size: bytes.byteLength });
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    verdict = `0 ${error.message}`;
  }
  verdicts.writeSync(new TextEncoder().encode(`${verdict}\n`));
}
const megabytes = Math.round(Deno.memoryUsage().rss / 2 ** 20);
console.log(`${count} files, ${Math.round(performance.now() - started)} ms, resident ${megabytes} MiB`);
