/**
 * What `wuerstchen config` does.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { makeCells } from "../experiments/cells.ts";
import { experimentJsonSchema, readExperiment } from "../experiments/experiment.ts";
import { writeOut } from "./_stdout.ts";
import type { ConfigAction, ConfigFlags } from "./config.ts";

/**
 * Runs the command.
 *
 * @throws {ConfigError} where the file is missing where it is needed, or wrong
 */
export async function runConfig(
  action: ConfigAction,
  file: string | undefined,
  { set = [] }: ConfigFlags,
): Promise<void> {
  if (action === "schema") {
    if (file !== undefined) throw new ConfigError(`Expected nothing behind schema but found "${file}"`);
    return writeOut(`${JSON.stringify(experimentJsonSchema(), null, 2)}\n`);
  }
  if (file === undefined) throw new ConfigError("Expected a file behind show: wuerstchen config show experiment.jsonc");
  const experiment = await readExperiment(file, { set });
  makeCells(experiment);
  const { config, seeds } = experiment;
  const { seed: _, ...rest } = config;
  writeOut(`${JSON.stringify({ ...rest, seeds }, null, 2)}\n`);
}
