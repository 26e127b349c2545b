import { createHash } from "node:crypto";

/** The key of what a metric finds for a set of pictures and their references, or the true pictures of a hash in their place. */
export function comparisonKey(
  cells: readonly { readonly id: string; readonly referenceId?: string | undefined }[],
  { key, truth }: { readonly key: string; readonly truth?: { readonly hash: string } | undefined },
): string {
  const compared = truth
    ? [key, cells.map(({ id }) => id), truth.hash]
    : [key, cells.map(({ id, referenceId }) => [id, referenceId])];
  return createHash("sha256").update(JSON.stringify(compared)).digest("hex").slice(0, 16);
}
