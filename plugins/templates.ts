/**
 * The beginnings of plugins that `wuerstchen plugins new` writes: each works as it is, and has a test.
 * @module
 */
import { ConfigError } from "../errors.ts";
import type { Kind } from "./define.ts";

/** A file to be written. */
export interface TemplateFile {
  readonly path: string;
  readonly text: string;
}

interface Template {
  /** @param name the plugin's name */
  readonly plugin: (name: string) => string;
  /** The conformance suite, and what it is told. */
  readonly suite: string;
}

const templates: Partial<Readonly<Record<Kind, Template>>> = {
  scheduler: {
    suite: "testScheduler",
    plugin: (name) =>
      `import { defineScheduler, noiseLevel, weightedSum } from "wuerstchen/plugins";
import { z } from "zod";

/** How noise becomes data: Euler's method, and fresh noise as far as the option says. Say here which paper it follows. */
export default defineScheduler({
  name: "${name}",
  summary: "Euler's method with some fresh noise",
  options: z.strictObject({
    churn: z.number().min(0).max(1).default(0).describe("share of the noise that is drawn anew in each step"),
  }),
  create: ({ churn }, { schedule, prediction }) => ({
    step({ modelOutput, sample, t, tPrev, noise }) {
      const [now, next] = [noiseLevel(schedule, t), noiseLevel(schedule, tPrev)];
      const clean = prediction.clean({ modelOutput, sample }, now.alphaCumprod);
      const old = prediction.noise({ modelOutput, sample }, now.alphaCumprod);
      const fresh = churn * next.b * Math.sqrt(Math.max(0, 1 - (next.sigma / now.sigma) ** 2));
      return weightedSum([next.a, clean], [Math.sqrt(next.b ** 2 - fresh ** 2), old], [fresh, noise]);
    },
  }),
});
`,
  },
  prior: {
    suite: "testPrior",
    plugin: (name) =>
      `import { definePrior, slerp } from "wuerstchen/plugins";
import { z } from "zod";

/** How prompts become an image embedding: Stage C, with its initial noise drawn towards that of another seed. */
export default definePrior({
  name: "${name}",
  summary: "Stage C from noise between two seeds",
  options: z.strictObject({
    seed: z.int().min(0).default(1).describe("the other seed"),
    at: z.number().min(0).max(1).default(0.25).describe("how far towards it: 0 not at all, 1 all the way"),
  }),
  create: ({ seed, at }) => ({
    async *embed({ prompts }, { noise, encode, denoise }) {
      return yield* denoise(slerp(noise(), noise(seed), { at }), { text: yield* encode(prompts) });
    },
  }),
});
`,
  },
  postprocessor: {
    suite: "testPostprocessor",
    plugin: (name) =>
      `import { definePostprocessor } from "wuerstchen/plugins";
import { z } from "zod";

/** Changes finished pictures: brighter or darker. */
export default definePostprocessor({
  name: "${name}",
  summary: "brighter or darker pictures",
  options: z.strictObject({ factor: z.number().min(0).max(4).default(1.1).describe("what each colour is multiplied by") }),
  create: ({ factor }) => ({
    process({ width, height, channels, data }) {
      const isAlpha = (i: number) => channels === 4 && i % 4 === 3;
      const changed = data.map((value, i) => isAlpha(i) ? value : Math.min(255, Math.round(value * factor)));
      return { width, height, channels, data: changed };
    },
  }),
});
`,
  },
  metric: {
    suite: "testMetric",
    plugin: (name) =>
      `import { defineMetric } from "wuerstchen/plugins";

/** Measures a picture against another one: the mean of the absolute differences of their bytes. */
export default defineMetric({
  name: "${name}",
  summary: "mean absolute difference of the bytes of two pictures",
  create: () => ({
    unit: "",
    better: "lower",
    measure(picture, reference) {
      const sum = picture.data.reduce((all, value, i) => all + Math.abs(value - (reference.data[i] ?? 0)), 0);
      return sum / picture.data.length;
    },
  }),
});
`,
  },
};

/** Kinds that there is a beginning for. */
export const templateKinds: readonly Kind[] = Object.keys(templates) as Kind[];

/**
 * A plugin and its test.
 *
 * @param file name of the file without its ending, such as `my_sampler`; its plugin is then `my-sampler`
 * @throws {ConfigError} where there is no beginning for a kind, or the name is none
 */
export function newPlugin(kind: Kind, file: string): TemplateFile[] {
  const template = templates[kind];
  if (!template) {
    throw new ConfigError(
      `Expected a kind of ${
        templateKinds.join(", ")
      } but found ${kind}: it opens files of a model, see plugins/builtin/ for how`,
    );
  }
  if (!/^[a-z][a-z0-9]*([_-][a-z0-9]+)*$/.test(file) || file.length > 60) {
    throw new ConfigError(
      `Expected a name of small letters and digits, such as my_sampler, but found ${JSON.stringify(file.slice(0, 80))}`,
    );
  }
  const test = `import { ${template.suite} } from "wuerstchen/plugins/testing";
import plugin from "./${file}.ts";

${template.suite}(plugin);
`;
  return [
    { path: `${file}.ts`, text: template.plugin(file.replaceAll("_", "-")) },
    { path: `${file}_test.ts`, text: test },
  ];
}
