import assert from "node:assert/strict";
import { tensor } from "../../tensor/tensor.ts";
import type { FeatureSet, SetMeasure } from "../contracts/parts.ts";
import { builtinRegistry } from "../builtin.ts";
import { openMetric } from "../open_metric.ts";

/** Pictures whose features are one number each. */
function setOf(entries: readonly (readonly [feature: number, caption: string, group?: string])[]): FeatureSet {
  return {
    features: tensor("float32", [entries.length, 1], Float32Array.from(entries, ([feature]) => feature)),
    captions: entries.map(([, caption]) => caption),
    ...(entries[0]!.length === 3 ? { groups: entries.map(([, , group]) => group!) } : {}),
  };
}

async function accuracy(pictures: FeatureSet, references: FeatureSet, k?: number): Promise<SetMeasure> {
  const options = k === undefined ? {} : { options: { k } };
  const metric = await openMetric(builtinRegistry(), { name: "caption-accuracy", ...options });
  assert("compare" in metric);
  return await metric.compare(pictures, references);
}

const references = setOf([[0, "fox"], [10, "dog"], [20, "cat"], [24, "fox"]]);

Deno.test("caption-accuracy is the share of pictures that are nearest to a reference with their caption", async () => {
  const pictures = setOf([[1, "fox"], [23, "fox"], [9, "cat"], [16, "cat"]]);
  assert.deepEqual(await accuracy(pictures, references), { value: 0.75, count: 4, values: [1, 1, 0, 1] });
  assert.deepEqual((await accuracy(pictures, references, 3)).values, [1, 1, 1, 1]);
});

Deno.test("caption-accuracy compares a picture with its own group alone", async () => {
  const grouped = setOf([[0, "fox", "red"], [10, "dog", "red"], [50, "fox", "blue"], [1, "dog", "blue"]]);
  const pictures = setOf([[2, "fox", "red"], [2, "fox", "blue"]]);
  assert.deepEqual((await accuracy(pictures, grouped)).values, [1, 0]);
});

Deno.test("caption-accuracy refuses pictures without captions, and captions that no reference has", async () => {
  const pictures = setOf([[1, "cow"]]);
  await assert.rejects(() => accuracy(pictures, references), /caption-accuracy: .*the caption "cow" but found none$/);
  const { captions: _, ...bare } = pictures;
  await assert.rejects(() => accuracy(bare, references), /a caption for each of the 1 pictures but found 0$/);
});
