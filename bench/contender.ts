/**
 * One of those that are timed: a process that speaks the lines of `measure.ts`.
 * @module
 */
import { fileURLToPath } from "node:url";
import { MemoryWatch, type PeakMemory } from "./memory.ts";
import type { Loaded, MeasureRequest, Step } from "./measure.ts";
import type { StepRequest } from "./measure_step.ts";

/** What a contender says where it cannot run a case: its answer `{"error": reason}`. */
export class Refusal extends Error {
  override readonly name: string = "Refusal";
}

/** A process that has loaded a case. One at a time: {@linkcode Contender.close} it before the next large one starts. */
export class Contender<Taken extends Step = Step> implements AsyncDisposable {
  readonly loaded: Loaded;
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: AsyncIterator<string>;
  readonly #memory: MemoryWatch;

  private constructor(
    { process, input, answers, memory, loaded }: {
      process: Deno.ChildProcess;
      input: WritableStreamDefaultWriter<Uint8Array>;
      answers: AsyncIterator<string>;
      memory: MemoryWatch;
      loaded: Loaded;
    },
  ) {
    this.loaded = loaded;
    this.#process = process;
    this.#input = input;
    this.#answers = answers;
    this.#memory = memory;
  }

  /**
   * Starts `command`, the request being its last argument, and waits until the case is loaded.
   *
   * @throws {Refusal} where it answers that it cannot, as each step may too
   */
  static async start<Taken extends Step = Step>(
    [command, ...args]: readonly [string, ...string[]],
    request: MeasureRequest | StepRequest,
  ): Promise<Contender<Taken>> {
    const process = new Deno.Command(command, {
      args: [...args, JSON.stringify(request)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const memory = new MemoryWatch(process.pid);
    const answers = lines(process.stdout);
    const input = process.stdin.getWriter();
    try {
      return new Contender<Taken>({ process, input, answers, memory, loaded: await answer<Loaded>(answers, request) });
    } catch (error) {
      memory.stop();
      await input.close().catch(() => {});
      await process.status;
      throw error;
    }
  }

  /**
   * Like {@linkcode Contender.start}, once what is made of the weights and kept on disk is there: a process of its own makes it, so that
   * neither its seconds nor its memory count.
   */
  static async startWarm(command: readonly [string, ...string[]], request: MeasureRequest): Promise<Contender> {
    if (request.precision !== undefined && request.precision !== "fp32") {
      await using _ = await Contender.start(command, request);
    }
    return await Contender.start(command, request);
  }

  /** Runs the case once. */
  async step(): Promise<Taken> {
    return await this.#ask<Taken>("step");
  }

  /** Writes the outputs of the last step to a safetensors file. */
  async save(file: string): Promise<void> {
    await this.#ask(`save ${file}`);
  }

  /** Ends the process; its peak memory, where this system tells. */
  async close(): Promise<PeakMemory | undefined> {
    const peak = this.#memory.stop();
    await this.#input.close().catch(() => {});
    await this.#process.status;
    return peak;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #ask<Answer>(line: string): Promise<Answer> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
    return await answer<Answer>(this.#answers, line);
  }
}

/** The command that measures this toolkit: a run of a network, or a step of training. */
export function ours(file: "measure.ts" | "measure_step.ts" = "measure.ts"): [string, ...string[]] {
  return [Deno.execPath(), "run", "-A", fileURLToPath(new URL(file, import.meta.url))];
}

async function answer<Answer>(answers: AsyncIterator<string>, asked: unknown): Promise<Answer> {
  const { value, done } = await answers.next();
  if (done) throw new Error(`Expected an answer to ${JSON.stringify(asked)} but the process ended`);
  const said = JSON.parse(value) as Answer & { readonly error?: string };
  if (said.error !== undefined) throw new Refusal(said.error);
  return said;
}

async function* lines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + part).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
}
