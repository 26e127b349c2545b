/**
 * What a pass over a model's weights says: their hashes, and whether they hold numbers that are none.
 * @module
 */
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { userCacheFolder } from "../files/cache_folder.ts";
import type { Scan } from "../weights/scan.ts";
import { scanCheckpoints } from "../weights/scan_checkpoints.ts";
import { loraIdentity } from "./loras.ts";
import { checkpointsOf, type ModelParts } from "./parts.ts";
import type { LoraIdentity, ModelIdentity, WeightsEvent } from "./types.ts";

type Progress = Omit<WeightsEvent, "type">;

/** Result of the pass over a model's weights. */
export interface CheckedWeights {
  /** sha256 of each network's weights. */
  readonly hashes: ModelIdentity["weights"];
  /** The LoRAs that are added to them. */
  readonly loras: readonly LoraIdentity[];
  /** Tensors with NaN or infinity, as `decoder: clf.1.bias`. */
  readonly nonFinite: readonly string[];
}

/** The pass over a model's weights: it starts when its result is first asked for, and happens once. */
export class WeightsCheck {
  readonly #parts: ModelParts;
  readonly #cacheFolder: string | undefined;
  readonly #interval: number;
  readonly #stop = new AbortController();
  #progress: Progress | undefined;
  #result: Promise<CheckedWeights> | undefined;

  /**
   * @param options.cacheFolder where results are remembered; the user's cache folder where left out
   * @param options.interval milliseconds of waiting between two reports
   */
  constructor(
    parts: ModelParts,
    { cacheFolder, interval = 500 }: { cacheFolder?: string | undefined; interval?: number } = {},
  ) {
    this.#parts = parts;
    this.#interval = interval;
    this.#cacheFolder = cacheFolder;
  }

  /**
   * Reads all weights that are not remembered, beside whatever else is going on.
   *
   * @throws {CheckpointError} where a file has changed since it was opened
   */
  result(): Promise<CheckedWeights> {
    if (!this.#result) {
      this.#result = this.#read();
      // A failure is told to whoever waits for the result; the promise alone must not end the process.
      this.#result.catch(() => {});
    }
    return this.#result;
  }

  /** Waits for the result, reporting how far it is where that takes long; ends early, without an error, where `signal` is aborted. */
  async *wait(signal: AbortSignal): AsyncGenerator<WeightsEvent> {
    let settled = false;
    let wake = () => {};
    const finish = () => {
      settled = true;
      wake();
    };
    this.result().then(finish, finish);
    const stop = () => wake();
    signal.addEventListener("abort", stop);
    let reported: Progress | undefined;
    try {
      while (!settled && !signal.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        const timer = setTimeout(resolve, this.#interval);
        await promise;
        clearTimeout(timer);
        const now = this.#progress;
        if (settled || signal.aborted || !now || now === reported) continue;
        reported = now;
        yield { type: "weights", ...now };
      }
      // Whoever was told of a beginning is told of the end.
      if (settled && reported) yield { type: "weights", ...this.#progress!, done: reported.total };
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** Ends the pass; whoever waits for it gets an error. */
  stop(): void {
    this.#stop.abort(new DOMException("The pipeline was closed", "AbortError"));
  }

  async #read(): Promise<CheckedWeights> {
    const start = performance.now();
    const folder = this.#cacheFolder ?? await userCacheFolder();
    const { loras } = this.#parts;
    const added = Object.fromEntries(loras.map(({ lora }, i) => [`LoRA ${i}`, lora.checkpoint]));
    const scans: Record<string, Scan> = await scanCheckpoints({ ...checkpointsOf(this.#parts), ...added }, {
      cacheFile: folder === undefined ? undefined : join(folder, "weights.json"),
      signal: this.#stop.signal,
      onProgress: (progress) => void (this.#progress = { ...progress, seconds: (performance.now() - start) / 1000 }),
    });
    const networks = Object.keys(checkpointsOf(this.#parts)).map((part) => ({ name: part, scan: scans[part]! }));
    const files = loras.map((opened, i) => ({ name: opened.lora.path, opened, scan: scans[`LoRA ${i}`]! }));
    return {
      hashes: Object.fromEntries(networks.map(({ name, scan }) => [name, scan.hash])),
      loras: await Promise.all(files.map(({ opened, scan }) => loraIdentity(opened, scan.hash))),
      nonFinite: [...networks, ...files].flatMap(({ name, scan }) => scan.nonFinite.map((key) => `${name}: ${key}`)),
    };
  }
}

/** The sentence that names tensors with NaN or infinity, at most five of them. */
export function describeNonFinite(nonFinite: readonly string[]): string {
  const rest = nonFinite.length > 5 ? ` and ${nonFinite.length - 5} more` : "";
  return `the weights hold NaN or infinity in ${
    nonFinite.slice(0, 5).join(", ")
  }${rest}: the download or the training is damaged`;
}

/** @throws {CheckpointError} where weights hold NaN or infinity, naming the tensors */
export function checkNonFinite({ nonFinite }: CheckedWeights): void {
  if (nonFinite.length > 0) throw new CheckpointError(describeNonFinite(nonFinite));
}
