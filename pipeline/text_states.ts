/**
 * Prompts to the states that Stage C and Stage B are conditioned on.
 * @module
 */
import { ConfigError } from "../errors.ts";
import type { TextEncoder } from "../plugins/contracts/parts.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { parsePrompt } from "../text/prompt_syntax.ts";
import { type Context, type Events, load, release } from "./context.ts";
import { repeatRows, stack } from "./guidance.ts";
import type { Job } from "./job.ts";
import type { SampledStage } from "./sampling.ts";

/** States [1, tokens, width] of prompts, by {@linkcode Job.textKey}. */
export type States = Map<string, Tensor<"float32">>;

/** The prompts of a job that a stage needs: those without guidance only where there is guidance. */
export function promptsOf(job: Job, stage: SampledStage): string[] {
  return [...job.stagePrompts[stage], ...(job.isGuided(stage) ? job.negativePrompts[stage] : [])];
}

/** Encodes every different prompt of the jobs once, each alone: a state does not depend on its neighbours. */
export async function* encodeTexts(
  half: SampledStage,
  encoder: TextEncoder,
  { jobs, promptsOf, states = new Map() }: {
    jobs: readonly Job[];
    promptsOf: (job: Job) => readonly string[];
    /** What is known already. */
    states?: States;
  },
  context: Context,
): Events<States> {
  if (jobs.length === 0) return states;
  const stage = `${half} text` as const;
  yield* load(stage, encoder.network, { tokens: encoder.tokens }, context);
  for (const job of jobs) {
    const start = performance.now();
    const texts = promptsOf(job);
    const known = states.size;
    for (const text of texts) {
      context.signal.throwIfAborted();
      const key = job.textKey(text);
      const isNew = !states.has(key);
      const { found, lost } = isNew
        ? await encodeText(text, { job, encoder })
        : { found: states.get(key)!, lost: encoder.truncated(text) };
      states.set(key, found);
      const isNegative = job.negativePrompts[half].includes(text) && !job.stagePrompts[half].includes(text);
      const which = isNegative ? "negative prompt" : "prompt";
      const message = `the ${which} is longer than the ${stage} encoder's ${encoder.tokens} tokens; lost: "${
        shorten(lost)
      }"`;
      if (lost !== "" && !job.warnings.includes(message)) {
        job.warnings.push(message);
        yield { type: "warning", run: job.index, message };
      }
    }
    const lengths = new Set([...states.values()].map(({ shape }) => shape[1]));
    // What shorter ones are filled up with.
    if (lengths.size > 1 && !states.has(job.textKey(""))) states.set(job.textKey(""), await encoder.encode([""]));
    const seconds = (performance.now() - start) / 1000;
    context.clock.step(stage, seconds, { evaluations: states.size - known });
    const latents = () => structuredClone(states.get(job.textKey(texts[0]!))!);
    yield { type: "step", run: job.index, stage, step: 1, total: 1, seconds, latents };
  }
  await release(encoder.network, context);
  return states;
}

/** States of one text as the job's options say, and the words of it that are lost. */
async function encodeText(
  text: string,
  { job, encoder }: { job: Job; encoder: TextEncoder },
): Promise<{ found: Tensor<"float32">; lost: string }> {
  const { plainPrompt = false, longPrompt } = job.options;
  const parsed = plainPrompt ? undefined : parsePrompt(text);
  const lost = parsed ? "" : encoder.truncated(text);
  const chunk = longPrompt === "chunk";
  if (!parsed && !(chunk && lost !== "")) return { found: await encoder.encode([text]), lost };
  if (!encoder.encodeParts) {
    throw new ConfigError(
      "Expected a prompt as it is, since this model's text encoder takes no weights, BREAK and chunks: leave them out, or add --plain-prompt",
    );
  }
  const { states, lost: cut } = await encoder.encodeParts(parsed ?? [[{ text, weight: 1 }]], { chunk });
  return { found: states, lost: cut };
}

/** Most characters of lost words that a warning quotes. */
const quoted = 200;

function shorten(text: string): string {
  const characters = [...text];
  if (characters.length <= quoted) return text;
  return `${characters.slice(0, quoted).join("")}… (${characters.length - quoted} characters more)`;
}

/** States of some prompts, each `times` times in a row; shorter ones are filled up with the states of an empty one. */
export function gatherText(
  states: States,
  job: Job,
  { prompts, times }: { prompts: readonly string[]; times: number },
): Tensor<"float32"> {
  const rows = prompts.map((text) => states.get(job.textKey(text))!);
  return repeatRows(rows.reduce((all, row) => stackText(states, job, [all, row])), times);
}

/** Joins text states [b, tokens, width] along their first axis; the shorter ones are filled up with the states of an empty prompt. */
export function stackText(
  states: States,
  job: Job,
  [a, b]: readonly [Tensor<"float32">, Tensor<"float32">],
): Tensor<"float32"> {
  const most = Math.max(a.shape[1]!, b.shape[1]!);
  const fill = (text: Tensor<"float32">) => {
    const [count, tokens, width] = text.shape as [number, number, number];
    if (tokens === most) return text;
    const empty = states.get(job.textKey(""))!.data;
    const filled = tensor("float32", [count, most, width]);
    for (let row = 0; row < count; row++) {
      filled.data.set(text.data.subarray(row * tokens * width, (row + 1) * tokens * width), row * most * width);
      for (let at = tokens * width; at < most * width; at += empty.length) {
        filled.data.set(empty, row * most * width + at);
      }
    }
    return filled;
  };
  return stack(fill(a), fill(b));
}

/** Text states as a stage takes them: a row a picture, and with guidance the negative prompts' rows after them. */
export function arrangeText(
  states: States,
  job: Job,
  { prompts, negativePrompts, times, guided }: {
    prompts: readonly string[];
    negativePrompts: readonly string[];
    times: number;
    guided: boolean;
  },
): Tensor<"float32"> {
  const own = gatherText(states, job, { prompts, times });
  return guided ? stackText(states, job, [own, gatherText(states, job, { prompts: negativePrompts, times })]) : own;
}
