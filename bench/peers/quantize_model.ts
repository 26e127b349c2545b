/**
 * Writes a model in int8 before it is timed, so that neither the seconds nor the memory of that count.
 * @module
 */
import { fileURLToPath } from "node:url";

const command = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

/** A folder with a model in it. Disposing of it removes what was written, unless it is kept. */
export interface QuantizedModel extends AsyncDisposable {
  readonly folder: string;
}

/**
 * `wuerstchen quantize MODEL -o to`, in a process of its own, unless the folder is there from a run that kept it.
 *
 * @throws {Error} where the command fails
 */
export async function quantizeModel(
  model: string,
  { to: folder, threads, keep }: { to: string; threads: number; keep: boolean },
): Promise<QuantizedModel> {
  const isThere = await Deno.stat(folder).then(() => true, () => false);
  if (!isThere) {
    const args = [
      "run",
      "-A",
      "--quiet",
      command,
      "quantize",
      model,
      "-o",
      folder,
      "--threads",
      String(threads),
      "--json",
    ];
    const { success } = await new Deno.Command(Deno.execPath(), { args, stdout: "null" }).output();
    if (!success) throw new Error(`Expected ${model} to be written in int8 but the command failed`);
  }
  return {
    folder,
    async [Symbol.asyncDispose]() {
      if (!isThere && !keep) await Deno.remove(folder, { recursive: true });
    },
  };
}
