/**
 * The folder of an experiment: `config.json`, `plan.json`, `environment.json`, `results.jsonl`, `images/` and `report.html`.
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { CheckpointError, ConfigError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic_write.ts";
import { lockFolder } from "../files/folder_lock.ts";
import { JsonlLog } from "../files/jsonl_log.ts";
import { readEnvironment } from "../runtime/environment.ts";
import { version } from "../version.ts";
import type { ExperimentConfig } from "./config_schema.ts";
import { type StoredPlan, storedPlan } from "./stored_plan.ts";
import { parseResults, type PictureResult, type Results } from "./results.ts";

/** The form of the folders that this program writes. */
export const folderFormat = 1;

const environment = z.object({
  version: z.string(),
  deno: z.string(),
  cpu: z.string(),
  onnxruntime: z.string(),
  cores: z.number(),
  memory: z.number(),
  platform: z.string(),
});

/** What a run ran on. */
export interface RunEnvironment {
  /** Of this program. */
  readonly version: string;
  /** Version of Deno. */
  readonly deno: string;
  /** The processor's name. */
  readonly cpu: string;
  /** Version of ONNX Runtime. */
  readonly onnxruntime: string;
  /** Cores of the machine. */
  readonly cores: number;
  /** Its memory in bytes. */
  readonly memory: number;
  /** System and architecture. */
  readonly platform: string;
}

const environmentFile = z.object({ format: z.literal(folderFormat), environments: z.array(environment).min(1) });

/** Names of the files. */
export const names = {
  config: "config.json",
  environment: "environment.json",
  plan: "plan.json",
  results: "results.jsonl",
  images: "images",
  report: "report.html",
} as const;

/** A folder that is being written, by one process at a time. */
export class RunFolder implements Disposable {
  /** Where it lies. */
  readonly path: string;
  readonly #lock: Disposable;
  readonly #log: JsonlLog;
  #results: Results;

  private constructor(path: string, { lock, log, results }: { lock: Disposable; log: JsonlLog; results: Results }) {
    this.path = path;
    this.#lock = lock;
    this.#log = log;
    this.#results = results;
  }

  /**
   * Opens a folder, making it where there is none, and writes what will be run and on what.
   *
   * @throws {ConfigError} where another process is in it, it belongs to another version of the program, or holds something else
   */
  static async open(
    path: string,
    { config, plan }: { config: ExperimentConfig; plan: StoredPlan },
  ): Promise<RunFolder> {
    const known = await readRunEnvironments(path);
    if (known === undefined) await checkEmpty(path);
    await Deno.mkdir(join(path, names.images), { recursive: true });
    const lock = await lockFolder(path, { what: "experiment" });
    try {
      const own = { version, ...await readEnvironment() };
      const before = known?.filter((other) => JSON.stringify(other) !== JSON.stringify(own)) ?? [];
      await writeJson(path, names.environment, { format: folderFormat, environments: [...before, own] });
      await writeJson(path, names.config, config);
      await writeJson(path, names.plan, plan);
      const log = await JsonlLog.open(join(path, names.results));
      return new RunFolder(path, { lock, log, results: await readResults(path) });
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /** Everything that was found so far. */
  get results(): Results {
    return this.#results;
  }

  /** Whether a picture is there, as it was written. */
  async isFinished(id: string): Promise<boolean> {
    const result = this.#results.pictures.get(id);
    return result !== undefined && await readImage(this.path, result) !== undefined;
  }

  /** Writes a picture and then its line: a line without its picture never stands there. */
  async addPicture(png: Uint8Array, line: Omit<PictureResult, "file" | "sha256" | "type">): Promise<void> {
    const file = `${names.images}/${line.id}.png`;
    await writeFileAtomic(join(this.path, file), png, { force: true });
    await this.add({ type: "picture", ...line, file, sha256: sha256(png) });
  }

  /** Adds a line, which is on the disk when this ends. */
  async add(line: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#log.append(line, { sync: true });
    this.#results = merged(this.#results, parseResults(JSON.stringify(line)));
  }

  /** Closes its files and lets other processes in. */
  [Symbol.dispose](): void {
    this.#log[Symbol.dispose]();
    this.#lock[Symbol.dispose]();
  }
}

function merged(results: Results, more: Results): Results {
  for (const key of ["pictures", "failures", "measures", "comparisons"] as const) {
    const all = results[key] as Map<string, unknown>;
    for (const [id, value] of more[key]) all.set(id, value);
  }
  return results;
}

/** Reads what a run has found. */
export async function readResults(path: string): Promise<Results> {
  return parseResults(await textOf(join(path, names.results)) ?? "");
}

/** A run as it lies in its folder. */
export interface StoredRun {
  /** The folder. */
  readonly path: string;
  /** All settings of the experiment. */
  readonly config: unknown;
  /** Its cells. */
  readonly plan: StoredPlan;
  /** What it ran on, the newest last. */
  readonly environments: readonly RunEnvironment[];
  /** What was painted and measured. */
  readonly results: Results;
}

/**
 * Reads a run, finished or not.
 *
 * @throws {ConfigError} where the folder is none of an experiment, or of another version
 * @throws {CheckpointError} where a file is damaged
 */
export async function readRun(path: string): Promise<StoredRun> {
  const environments = await readRunEnvironments(path);
  const [config, plan] = await Promise.all([names.config, names.plan].map((name) => textOf(join(path, name))));
  if (environments === undefined || config === undefined || plan === undefined) {
    throw new ConfigError(`${path}: Expected the folder of an experiment, with ${names.plan} and ${names.results}`);
  }
  const result = storedPlan.safeParse(parsed(plan, join(path, names.plan)));
  if (!result.success) {
    throw new CheckpointError(`${join(path, names.plan)}: is damaged: run the experiment again`, {
      cause: result.error,
    });
  }
  return {
    path,
    config: parsed(config, join(path, names.config)),
    plan: result.data,
    environments,
    results: await readResults(path),
  };
}

/** A picture's file, undefined where it is not there or is not the one that was written. */
export async function readImage(path: string, { id, sha256: wanted }: PictureResult): Promise<Uint8Array | undefined> {
  const bytes = await Deno.readFile(join(path, names.images, `${id}.png`)).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  return bytes !== undefined && sha256(bytes) === wanted ? bytes : undefined;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** @returns undefined where there is no such file */
async function readRunEnvironments(path: string): Promise<RunEnvironment[] | undefined> {
  const file = join(path, names.environment);
  const text = await textOf(file);
  if (text === undefined) return undefined;
  const json = parsed(text, file) as { format?: unknown };
  if (json?.format !== folderFormat) {
    throw new ConfigError(
      `${path}: was made by another version of wuerstchen (format ${JSON.stringify(json?.format) ?? "unknown"}, here ` +
        `${folderFormat}): use that version, or another folder`,
    );
  }
  const result = environmentFile.safeParse(json);
  if (result.success) return result.data.environments;
  throw new CheckpointError(`${file}: is damaged: ${result.error.issues[0]!.message}; remove it to go on`);
}

async function textOf(file: string): Promise<string | undefined> {
  return await Deno.readTextFile(file).catch((error) => {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  });
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(`${file}: is no JSON; remove it, and run the experiment again`, { cause });
  }
}

async function writeJson(path: string, name: string, value: unknown): Promise<void> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
  await writeFileAtomic(join(path, name), bytes, { force: true });
}

/** A new run's folder is empty but for what a run begins with. */
async function checkEmpty(path: string): Promise<void> {
  try {
    for await (const { name } of Deno.readDir(path)) {
      if ([".lock", names.images].includes(name)) continue;
      throw new ConfigError(`${path}: Expected an empty folder, or one of an experiment, but found ${name} in it`);
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotADirectory) {
      throw new ConfigError(`${path}: Expected a folder for the run but found a file`, { cause: error });
    }
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
