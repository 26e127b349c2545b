/**
 * Which model a command paints with, where it repeats a picture or continues a run.
 * @module
 */
import { isAbsolute } from "node:path";
import { CheckpointError } from "../errors.ts";
import type { ModelIdentity } from "../pipeline/types.ts";
import { quote } from "../weights/quote.ts";
import type { GenerateFlags } from "./_generate_flags.ts";
import type { GenerateRequest } from "./_request.ts";

/**
 * The model of the flags, else that of the picture or run that is repeated. A model of the flags replaces the earlier one as a
 * whole, a half only that half.
 *
 * @throws {CheckpointError} where a folder or file of the earlier run is not there, naming the flag that replaces it
 */
export async function chooseModel(
  { model, prior, decoder, variant, precision, preset, configFrom, from: file }: GenerateFlags,
  earlier: ModelIdentity | undefined,
): Promise<Pick<GenerateRequest, "model" | "prior" | "decoder" | "variant" | "precision">> {
  if (model !== undefined || !earlier) return { model, prior, decoder, variant, precision };
  const chosen = {
    model: earlier.name,
    prior: prior ?? earlier.prior,
    decoder: decoder ?? earlier.decoder,
    variant: variant ?? earlier.variant,
    precision: precision ?? (preset === undefined ? earlier.precision : undefined),
  };
  for (const name of ["model", "prior", "decoder"] as const) {
    const folder = chosen[name];
    if (folder === undefined || folder === { model, prior, decoder }[name] || !isAbsolute(folder)) continue;
    if (await Deno.stat(folder).then(({ isDirectory, isFile }) => isDirectory || isFile, isMissing)) continue;
    throw new CheckpointError(
      `${configFrom ?? file}: was made with the ${name} ${quote(folder)}, which is not there: name one with --${name}`,
    );
  }
  return chosen;
}

function isMissing(error: unknown): false {
  if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
  throw error;
}
