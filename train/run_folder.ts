/**
 * The folder of a run: its lock, log, configuration and checkpoints.
 * @module
 */
import { join } from "node:path";
import { CheckpointError, ConfigError, ResourceError } from "../errors.ts";
import { isDiskFull, writeFileAtomic } from "../files/atomic_write.ts";
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
  readonly #lock: Deno.FsFile;
  #log: Deno.FsFile | undefined;

  private constructor(path: string, lock: Deno.FsFile) {
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
    const lock = await Deno.open(join(path, ".lock"), { create: true, write: true });
    // The system gives the lock back when its process ends, however it ends.
    if (!await lock.tryLock(true)) {
      lock.close();
      throw new ConfigError(
        `${path}: another training is running in this folder; wait for it or choose another folder`,
      );
    }
    return new RunFolder(path, lock);
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
    const path = join(this.path, "log.jsonl");
    try {
      this.#log ??= await openLog(path);
      const bytes = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
      for (let at = 0; at < bytes.length;) at += await this.#log.write(bytes.subarray(at));
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      throw new ResourceError(`Cannot write ${path}: the disk is full; free some space and start again to go on`, {
        cause: error,
      });
    }
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
    this.#log?.close();
    this.#lock.close();
  }
}

/** Opens a log for appending, and cuts off a line that a killed run left unfinished. */
async function openLog(path: string): Promise<Deno.FsFile> {
  const file = await Deno.open(path, { create: true, read: true, write: true });
  const { size } = await file.stat();
  const tail = new Uint8Array(Math.min(size, 1 << 20));
  await file.seek(size - tail.length, Deno.SeekMode.Start);
  for (let at = 0; at < tail.length;) at += await file.read(tail.subarray(at)) ?? tail.length;
  const end = size - tail.length + tail.lastIndexOf(10) + 1;
  await file.truncate(end);
  await file.seek(end, Deno.SeekMode.Start);
  return file;
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
