/**
 * Loads one case and runs it as often as it is told to, in a process of its own so that its peak memory is its own.
 *
 * Told by lines on standard input: `step` runs it once, `save FILE` writes the last outputs as safetensors; the end of the
 * input ends it. Answers each with a line of JSON, the first one when it is loaded. A peer that speaks these lines can
 * stand in its place (`peers/measure.py`, `peers/candle`); where it cannot run a case it answers `{"error": reason}` and ends.
 * @module
 */
import { cpuUsage, stdin } from "node:process";
import { createInterface } from "node:readline";
import { nativeRuntime, runtimeVersion } from "../runtime/session.ts";
import type { RewriteName } from "../stages/rewrites.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Precision } from "../weights/precision.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import type { Case } from "./cases.ts";
import { openCase, randomInputs } from "./networks.ts";

/** What a process is told on its command line, as JSON. */
export interface MeasureRequest {
  readonly case: Case;
  readonly threads: number;
  /** Lets the runtime pack fp32 weights. */
  readonly prepack?: boolean;
  /** In what weights are kept; as they are stored where left out. */
  readonly precision?: Precision;
  /** Where weights in fewer bits are kept. */
  readonly cacheFolder?: string;
  /** Rewrites of the graph to leave out. */
  readonly without?: readonly RewriteName[];
  /** For a peer: a safetensors file with the inputs that this toolkit draws. */
  readonly inputs?: string;
  /** For a peer: bfloat16 in place of fp32. */
  readonly bf16?: boolean;
}

/** First answer of a process: the case is loaded. */
export interface Loaded {
  /** Seconds from opening the files until the network can run. */
  readonly load: number;
  /** Versions of what runs it, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** Bytes of the weights on disk. */
  readonly bytes: number;
  /** Floating-point operations of one run, only from this toolkit. */
  readonly flops?: number;
}

/** Answer to `step`. */
export interface Step {
  readonly seconds: number;
  /** Seconds of all threads together: below seconds × threads where other programs took the processor. */
  readonly processor: number;
}

function say(answer: unknown): void {
  console.log(JSON.stringify(answer));
}

async function main(request: MeasureRequest): Promise<void> {
  const { threads, prepack, precision, cacheFolder, without } = request;
  const versions = { deno: Deno.version.deno, onnxruntime: await runtimeVersion() };
  const start = performance.now();
  const network = await openCase(request.case, {
    threads,
    runtime: nativeRuntime,
    prepack,
    precision,
    cacheFolder,
    without,
  });
  await network.load();
  const load = (performance.now() - start) / 1000;
  const inputs = randomInputs(network.graph, request.case.sizes);
  say({ load, versions, bytes: network.bytes, flops: network.flops } satisfies Loaded);
  let outputs: Record<string, Tensor> = {};
  for await (const line of createInterface({ input: stdin })) {
    const [command, file] = line.split(" ");
    if (command === "save") {
      await writeSafetensors(file!, outputs, { force: true });
      say({});
    } else {
      const before = cpuUsage();
      const start = performance.now();
      outputs = await network.run(inputs);
      const seconds = (performance.now() - start) / 1000;
      const { user, system } = cpuUsage(before);
      say({ seconds, processor: (user + system) / 1e6 } satisfies Step);
    }
  }
}

if (import.meta.main) {
  await main(JSON.parse(Deno.args[0]!) as MeasureRequest);
  Deno.exit();
}
