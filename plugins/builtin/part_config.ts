import { join } from "node:path";
import type { z } from "zod";
import { parseConfig } from "../../networks/config.ts";
import type { PartContext } from "../contracts/parts.ts";

/**
 * The `config.json` of a part of a model.
 *
 * @throws {CheckpointError} where a setting is wrong, naming file and setting
 */
export function partConfig<Schema extends z.ZodType>(
  schema: Schema,
  { folder, config }: Pick<PartContext, "folder" | "config">,
): z.output<Schema> {
  return parseConfig(schema, config, { file: join(folder, "config.json") });
}
