import { tensor } from "../../tensor/tensor.ts";
import type { FeatureSet, Metric, PairMetric, SetMetric } from "../contracts/parts.ts";
import type { Plugin } from "../define.ts";
import { expect, makePart, type SuiteOptions, testPlugin } from "../testing.ts";
import { testPicture } from "./test_picture.ts";

/**
 * Tests that a metric keeps its contract: a unit, which way is better, and the same number for the same pictures; of a metric over sets
 * also how many pictures it is over.
 */
export function testMetric(plugin: Plugin<"metric">, suite: SuiteOptions = {}): void {
  const { options, test = Deno.test } = suite;
  testPlugin(plugin, suite);
  test(`metric ${plugin.name}: measures pictures as numbers, and the same again`, async () => {
    const metric: Metric = await makePart(plugin, { options, context: undefined });
    expect(typeof metric.unit === "string", `"unit" is no text: give one, "" where there is none`);
    expect(["higher", "lower"].includes(metric.better), `"better" is ${metric.better}: give "higher" or "lower"`);
    if ("measure" in metric) await testPairs(metric);
    else await testSets(metric);
  });
}

async function testPairs(metric: PairMetric): Promise<void> {
  for (const channels of [1, 3, 4] as const) {
    const size = { channels, width: 16, height: 12 };
    const [picture, reference] = [testPicture(size), testPicture({ ...size, phase: 1 })];
    const first = await metric.measure(picture, reference);
    const second = await metric.measure(picture, reference);
    expect(
      typeof first === "number" && !Number.isNaN(first),
      `measure() gives ${first} for ${channels} channels: give a number`,
    );
    expect(first === second, `measure() gives ${first} and then ${second} for the same two pictures`);
  }
}

async function testSets(metric: SetMetric): Promise<void> {
  for (const [pictures, references] of [[6, 9], [9, 6]] as const) {
    const sets = [featureSet(pictures, { phase: 0 }), featureSet(references, { phase: 1 })] as const;
    const first = await metric.compare(...sets);
    const second = await metric.compare(...sets);
    expect(
      typeof first?.value === "number" && !Number.isNaN(first.value),
      `compare() gives ${first?.value} as its value: give a number`,
    );
    expect(first.value === second.value, `compare() gives ${first.value} and then ${second.value} for the same sets`);
    expect(
      first.count === pictures,
      `compare() says that ${first.count} pictures were measured: they were ${pictures}`,
    );
    const { values } = first;
    if (values === undefined) continue;
    expect(values.length === pictures, `compare() gives ${values.length} values for ${pictures} pictures`);
    const mean = values.reduce((sum, value) => sum + value, 0) / pictures;
    expect(Math.abs(mean - first.value) <= 1e-9 * Math.abs(mean), `the mean of "values" is ${mean} and not "value"`);
  }
}

/** Features of pictures in two groups, whose captions repeat after four. */
function featureSet(count: number, { phase }: { phase: number }): FeatureSet {
  const features = tensor("float32", [count, 5]);
  features.data.forEach((_, i) => features.data[i] = Math.sin(1.3 * i + phase));
  const names = Array.from({ length: count }, (_, i) => i % 4);
  return { features, captions: names.map((i) => `drawing ${i}`), groups: names.map((i) => `group ${i % 2}`) };
}
