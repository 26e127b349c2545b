import type { Steps } from "../plugins/contracts/parts.ts";

/** Tells errors of the pipeline's own work from those of the plugin that asked for it: only the latter are blamed on the plugin. */
export class OwnFailures {
  readonly #errors = new WeakSet<object>();

  /** Passes on the steps of work, and remembers what it throws. */
  async *watch<Result>(work: Steps<Result>): Steps<Result> {
    try {
      return yield* work;
    } catch (error) {
      if (error instanceof Object) this.#errors.add(error);
      throw error;
    }
  }

  /** Whether watched work threw this. */
  has(error: unknown): boolean {
    return error instanceof Object && this.#errors.has(error);
  }
}
