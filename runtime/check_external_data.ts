/**
 * Looks at where a model says that its weights lie, before a runtime opens anything there.
 * @module
 */
import { isAbsolute, join, relative } from "node:path";
import { CheckpointError } from "../errors.ts";
import { factsOf, realPathOf } from "../files/read_file.ts";
import { externalData } from "../onnx/external_locations.ts";

/**
 * Checks that weights outside of a model are plain files in its folder. A runtime checks that too, with gaps that were found year
 * after year: a second location, the tag of an address in memory, a link that leads elsewhere.
 *
 * @throws {CheckpointError} naming the tensor whose weights are elsewhere, missing, or in two places
 */
export async function checkExternalData(model: Uint8Array, folder: string | undefined): Promise<void> {
  const checked = new Set<string>();
  for (const { name, entries } of externalData(model)) {
    const [location, ...others] = entries.filter(([key]) => key === "location").map(([, value]) => value);
    const refuse = (where: string) =>
      new CheckpointError(
        `Expected the weights ${JSON.stringify(name)} in one file of the model's folder but found ${where}`,
      );
    if (others.length > 0) throw refuse(`${others.length + 1} locations`);
    if (location === undefined || location === "" || folder === undefined) throw refuse("none");
    if (checked.has(location)) continue;
    const parts = location.split(/[\\/]/);
    if (isAbsolute(location) || parts.includes("..") || parts[0] === "*") throw refuse(JSON.stringify(location));
    const path = join(folder, location);
    if (!(await factsOf(path))?.isFile) throw refuse(`no file ${path}`);
    const inside = relative(await realPathOf(folder), await realPathOf(path));
    if (inside.startsWith("..") || isAbsolute(inside)) throw refuse(`a link out of it, ${path}`);
    checked.add(location);
  }
}
