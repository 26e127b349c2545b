/**
 * The folder of a run: its lock, log, configuration and checkpoints.
 * @module
 */
import { join } from "node:path";
import { CheckpointError, ConfigError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic_write.ts";
import { lockFolder } from "../files/folder_lock.ts";
import { JsonlLog } from "../files/jsonl_log.ts";
import { listCheckpoints } from "./checkpoint.ts";
import type { TrainingConfig } from "./config.ts";
import type { LoggedEvent } from "./training_event.ts";

/** Settings that may change while a run is interrupted, since nothing that it computes depends on them. */
const free = [
  "$schema",
  "logEvery",
  "threads",
  "dtype",
  "samples",
  "checkpoints",
  "data.workers",
  "data.path",
  "model.defaults",
];

/** A run's folder, held by one process at a time. */
export class RunFolder implements Disposable {
  readonly path: string;
  readonly #lock: Disposable;
  #log: JsonlLog | undefined;

  private constructor(path: string, lock: Disposable) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Opens a folder, making it where there is none.
   *
   * @throws {ConfigError} where another run is in it, or it is a file
   */
  static async open(path: string): Promise<RunFolder> {
    for (const name of ["checkpoints", "samples"]) {
      await Deno.mkdir(join(path, name), { recursive: true }).catch((cause) => {
        if (!(cause instanceof Deno.errors.AlreadyExists || cause instanceof Deno.errors.NotADirectory)) throw cause;
        throw new ConfigError(`${path}: Expected a folder for the run but found a file`, { cause });
      });
    }
    return new RunFolder(path, await lockFolder(path, { what: "training" }));
  }

  get checkpoints(): string {
    return join(this.path, "checkpoints");
  }

  get samples(): string {
    return join(this.path, "samples");
  }

  get tokenizers(): string {
    return join(this.path, "tokenizers");
  }

  /**
   * Appends a line to `log.jsonl`.
   *
   * @throws {ResourceError} where the disk is full
   */
  async log(line: LoggedEvent): Promise<void> {
    this.#log ??= await JsonlLog.open(join(this.path, "log.jsonl"));
    await this.#log.append(line);
  }

  /** Logs a line and passes it on. */
  async *logged(line: LoggedEvent): AsyncGenerator<LoggedEvent> {
    await this.log(line);
    yield line;
  }

  /**
   * The configuration that the run was started with, undefined in a new folder.
   *
   * @throws {CheckpointError} where it cannot be read
   */
  async config(): Promise<TrainingConfig | undefined> {
    const path = join(this.path, "config.json");
    const text = await Deno.readTextFile(path).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    });
    try {
      return text === undefined ? undefined : JSON.parse(text) as TrainingConfig;
    } catch (cause) {
      throw new CheckpointError(`${path}: it is no JSON; write the run's configuration there, or start a new run`, {
        cause,
      });
    }
  }

  /**
   * Compares the names of all samples with those that the run was started with.
   *
   * @throws {ConfigError} where they are others
   */
  async checkFingerprint(fingerprint: string, { data }: TrainingConfig): Promise<void> {
    const last = (await listCheckpoints(this.checkpoints)).at(-1);
    if (!last || last.position.fingerprint === fingerprint) return;
    throw new ConfigError(
      `${data.path}: these are not the samples that the run in ${this.path} was started with; bring those back, or start a new run ` +
        "from its model",
    );
  }

  /** Stores the configuration. */
  async storeConfig(config: TrainingConfig): Promise<void> {
    const bytes = new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`);
    await writeFileAtomic(join(this.path, "config.json"), bytes, { force: true });
  }

  [Symbol.dispose](): void {
    this.#log?.[Symbol.dispose]();
    this.#lock[Symbol.dispose]();
  }
}

/** What differs between two configurations and matters to the numbers: `stageB.batch: 16 → 32`. */
export function configChanges(before: TrainingConfig, after: TrainingConfig): string[] {
  const [old, now] = [before, after].map((config) => flat(config));
  const keys = new Set([...old!.keys(), ...now!.keys()]);
  return [...keys].flatMap((key) => {
    if (free.some((name) => key === name || key.startsWith(`${name}.`))) return [];
    const [a, b] = [old!.get(key), now!.get(key)];
    return a === b ? [] : [`${key}: ${a ?? "none"} → ${b ?? "none"}`];
  });
}

function flat(value: unknown, path = ""): Map<string, string> {
  if (typeof value !== "object" || value === null) return new Map([[path, JSON.stringify(value)]]);
  return new Map(Object.entries(value).flatMap(([key, part]) => [...flat(part, path ? `${path}.${key}` : key)]));
}
