import assert from "node:assert/strict";
import { CheckpointError } from "../../errors.ts";
import { parseSafetensorsHeader } from "../../weights/safetensors_header.ts";
import { mutant } from "./mutate.ts";

// The first 4,000 of a comparison with PyPI safetensors over 100,000 files; the fixture's README tells how to repeat it.
const recorded = JSON.parse(
  Deno.readTextFileSync(new URL("../fixtures/safetensors/verdicts.json", import.meta.url)),
) as { seed: number; count: number; accepted_by_reference: string; expected: string };
const byReference = Uint8Array.fromBase64(recorded.accepted_by_reference);
const expected = Uint8Array.fromBase64(recorded.expected);

function bit(bitmap: Uint8Array, index: number): boolean {
  return (bitmap[index >> 3]! >> (index & 7) & 1) === 1;
}

function accepts(bytes: Uint8Array): boolean {
  try {
    parseSafetensorsHeader(bytes, { name: "mutant", size: bytes.byteLength });
    return true;
  } catch (error) {
    if (error instanceof CheckpointError && !error.message.includes("\n")) return false;
    throw error;
  }
}

Deno.test("parseSafetensorsHeader() accepts what the reference accepts and the format allows, of 4,000 damaged files", () => {
  const wrong: number[] = [];
  let accepted = 0;
  for (let index = 0; index < recorded.count; index++) {
    const found = accepts(mutant(recorded.seed, index));
    if (found) accepted++;
    if (found !== bit(expected, index)) wrong.push(index);
  }
  assert.equal(recorded.count, 4000);
  assert.equal(accepted, 627);
  assert.deepEqual(wrong, []);
});

Deno.test("parseSafetensorsHeader() accepts nothing that the reference rejects", () => {
  for (let index = 0; index < recorded.count; index++) {
    if (accepts(mutant(recorded.seed, index))) assert(bit(byReference, index), `file ${index}`);
  }
});

Deno.test("mutant() gives the same file for the same seed and number", () => {
  assert.deepEqual(mutant(5, 77), mutant(5, 77));
  assert.notDeepEqual(mutant(5, 77), mutant(6, 77));
});
