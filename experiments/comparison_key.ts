import { createHash } from "node:crypto";

/** The key of what a metric finds for a set of pictures and their references. */
export function comparisonKey(
  cells: readonly { readonly id: string; readonly referenceId?: string | undefined }[],
  { key }: { readonly key: string },
): string {
  const pairs = cells.map(({ id, referenceId }) => [id, referenceId]);
  return createHash("sha256").update(JSON.stringify([key, pairs])).digest("hex").slice(0, 16);
}
