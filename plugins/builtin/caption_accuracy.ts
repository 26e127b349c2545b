import { z } from "zod";
import type { FeatureSet } from "../contracts/parts.ts";
import { defineMetric } from "../define.ts";
import { rankOf } from "./nearest.ts";

/**
 * Whether pictures show what they were asked for: the share of them whose `k` nearest references of the same group, by the Euclidean
 * distance of features, have one with the picture's caption among them.
 */
export default defineMetric({
  name: "caption-accuracy",
  summary: "share of pictures that are nearest to a reference with their own caption",
  options: z.strictObject({
    k: z.int().min(1).default(1).describe(
      "how many of the nearest references may have the caption: 5 is top-5 accuracy",
    ),
  }),
  create: ({ k }) => ({
    unit: "share",
    better: "higher",
    compare(pictures, references) {
      const places = placesOf(references);
      const captions = captionsOf(pictures, "pictures");
      const [count, width] = pictures.features.shape as [number, number];
      const values = Array.from({ length: count }, (_, i) => {
        const byCaption = places.get(pictures.groups?.[i] ?? "") ?? new Map<string, number[]>();
        const wanted = byCaption.get(captions[i]!);
        if (!wanted) throw new RangeError(`Expected a reference with the caption "${captions[i]}" but found none`);
        const others = [...byCaption].flatMap(([caption, rows]) => caption === captions[i] ? [] : rows);
        const query = pictures.features.data.subarray(i * width, (i + 1) * width);
        return rankOf(query, references.features, { wanted, others }) <= k ? 1 : 0;
      });
      return { value: values.reduce<number>((sum, value) => sum + value, 0) / count, count, values };
    },
  }),
});

/** Rows of references by group and caption. */
function placesOf(references: FeatureSet): Map<string, Map<string, number[]>> {
  const places = new Map<string, Map<string, number[]>>();
  captionsOf(references, "references").forEach((caption, row) => {
    const group = references.groups?.[row] ?? "";
    const byCaption = places.get(group) ?? new Map<string, number[]>();
    places.set(group, byCaption.set(caption, [...byCaption.get(caption) ?? [], row]));
  });
  return places;
}

function captionsOf({ features, captions }: FeatureSet, what: string): readonly string[] {
  if (captions?.length === features.shape[0]) return captions!;
  throw new RangeError(
    `Expected a caption for each of the ${features.shape[0]} ${what} but found ${captions?.length ?? 0}`,
  );
}
