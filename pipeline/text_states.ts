/**
 * Prompts to the states that Stage C and Stage B are conditioned on.
 * @module
 */
import type { TextEncoder } from "../plugins/contracts/parts.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Context, type Events, load, release } from "./context.ts";
import { repeatRows, stack } from "./guidance.ts";
import type { Job } from "./job.ts";
import type { SampledStage } from "./sampling.ts";

/** States [1, tokens, width] by prompt. */
export type States = Map<string, Tensor<"float32">>;

/** The prompts of a job that a stage needs: those without guidance only where there is guidance. */
export function promptsOf(job: Job, stage: SampledStage): string[] {
  return [...job.prompts, ...(job.isGuided(stage) ? job.negativePrompts : [])];
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
      if (!states.has(text)) states.set(text, await encoder.encode([text]));
      const lost = encoder.truncated(text);
      const which = job.negativePrompts.includes(text) && !job.prompts.includes(text) ? "negative prompt" : "prompt";
      const message = `the ${which} is longer than the ${stage} encoder's ${encoder.tokens} tokens; lost: "${
        shorten(lost)
      }"`;
      if (lost !== "" && !job.warnings.includes(message)) {
        job.warnings.push(message);
        yield { type: "warning", run: job.index, message };
      }
    }
    const seconds = (performance.now() - start) / 1000;
    context.clock.step(stage, seconds, { evaluations: states.size - known });
    const latents = () => structuredClone(states.get(texts[0]!)!);
    yield { type: "step", run: job.index, stage, step: 1, total: 1, seconds, latents };
  }
  await release(encoder.network, context);
  return states;
}

/** Most characters of lost words that a warning quotes. */
const quoted = 200;

function shorten(text: string): string {
  const characters = [...text];
  if (characters.length <= quoted) return text;
  return `${characters.slice(0, quoted).join("")}… (${characters.length - quoted} characters more)`;
}

/** States of some prompts, each `times` times in a row. */
export function gatherText(
  states: States,
  prompts: readonly string[],
  { times }: { times: number },
): Tensor<"float32"> {
  return repeatRows(prompts.map((text) => states.get(text)!).reduce(stack), times);
}

/** Text states as a stage takes them: a row a picture, and with guidance the negative prompts' rows after them. */
export function arrangeText(
  states: States,
  { prompts, negativePrompts, times, guided }: {
    prompts: readonly string[];
    negativePrompts: readonly string[];
    times: number;
    guided: boolean;
  },
): Tensor<"float32"> {
  const own = gatherText(states, prompts, { times });
  return guided ? stack(own, gatherText(states, negativePrompts, { times })) : own;
}
