/**
 * Checkpoints of random weights on disk: written when a case needs them, removed when no case does any more.
 * @module
 */
import { join } from "node:path";
import { declaredParameters } from "../stages/declared_parameters.ts";
import type { Case, RandomCheckpoint, RealSizeCase } from "./cases.ts";
import { stemOf } from "./networks.ts";
import { writeRandomWeights } from "./random_weights.ts";

/** Yields each case while its weights are on disk; one checkpoint is there at a time, unless they are kept. */
export async function* eachWithWeights(
  cases: readonly RealSizeCase[],
  { keep }: { keep: boolean },
): AsyncGenerator<Case> {
  for (const group of Map.groupBy(cases, ({ checkpoint }) => checkpoint.folder).values()) {
    await using _ = await WrittenWeights.write(group[0]!.checkpoint, { keep });
    for (const { timed } of group) yield timed;
  }
}

/** Writes several checkpoints that are needed at once. Disposing of what comes back removes those that were written, unless they are kept. */
export async function writeCheckpoints(
  checkpoints: readonly RandomCheckpoint[],
  { keep }: { keep: boolean },
): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  for (const checkpoint of checkpoints) stack.use(await WrittenWeights.write(checkpoint, { keep }));
  return stack.move();
}

/** One checkpoint of random weights. Disposing of it removes what it wrote, unless it is kept. */
class WrittenWeights implements AsyncDisposable {
  readonly #folder: string;
  readonly #remove: boolean;

  private constructor(folder: string, { remove }: { remove: boolean }) {
    this.#folder = folder;
    this.#remove = remove;
  }

  /** Writes the weights, unless those of the same configuration are there from a run that kept them. */
  static async write(
    { folder, network, config }: RandomCheckpoint,
    { keep }: { keep: boolean },
  ): Promise<WrittenWeights> {
    const file = join(folder, "config.json");
    const text = JSON.stringify({ _class_name: network, ...config }, null, 2);
    if (await Deno.readTextFile(file).catch(() => undefined) === text) {
      return new WrittenWeights(folder, { remove: false });
    }
    const written = new WrittenWeights(folder, { remove: !keep });
    try {
      await writeRandomWeights(folder, { stem: stemOf(network), parameters: declaredParameters(network, config) });
      // Last: its presence says that the weights are whole.
      await Deno.writeTextFile(file, text);
    } catch (error) {
      await Deno.remove(folder, { recursive: true });
      throw error;
    }
    return written;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#remove) await Deno.remove(this.#folder, { recursive: true });
  }
}
