/**
 * Metrics as they are called: by whoever measures pictures, with what they give checked.
 * @module
 */
import { PluginError } from "../errors.ts";
import type { FeatureSet, PairMetric, SetMeasure, SetMetric } from "./contracts/parts.ts";
import { blame, type PluginChoice, type Registry } from "./registry.ts";

/** A metric that is ready to measure. */
export type OpenMetric = { readonly name: string } & (PairMetric | SetMetric);

/**
 * Opens a metric. What it gives is checked: an error of it, and what is no number, is a `PluginError` that names it; infinite numbers
 * are numbers, since equal pictures have an infinite PSNR.
 *
 * @throws {ConfigError} where there is no such metric, or an option is wrong
 * @throws {PluginError} where it cannot be made
 */
export async function openMetric(registry: Registry, choice: string | PluginChoice): Promise<OpenMetric> {
  const { plugin, name, create } = registry.choose("metric", choice);
  const metric = await create(undefined);
  const { unit, better } = metric;
  const isNumber = (value: unknown): value is number => typeof value === "number" && !Number.isNaN(value);
  if ("measure" in metric) {
    const measure: PairMetric["measure"] = async (picture, reference) => {
      const value = await blame(plugin, () => metric.measure(picture, reference));
      if (isNumber(value)) return value;
      throw new PluginError(`metric ${name}: Expected measure() to return a number but found ${value}`);
    };
    return { name, unit, better, measure };
  }
  const compare = async (pictures: FeatureSet, references: FeatureSet): Promise<SetMeasure> => {
    const found = await blame(plugin, () => metric.compare(pictures, references));
    if (isNumber(found?.value) && Number.isInteger(found.count) && (found.values ?? []).every(isNumber)) return found;
    throw new PluginError(
      `metric ${name}: Expected compare() to return { value, count } as numbers but found ${JSON.stringify(found)}`,
    );
  };
  return { name, unit, better, compare };
}
