import type { Plugin } from "../define.ts";
import { expect, makePart, type SuiteOptions, testPlugin } from "../testing.ts";
import { testPicture } from "./test_picture.ts";

/** Tests that a metric keeps its contract: a unit, and the same number for the same two pictures. */
export function testMetric(plugin: Plugin<"metric">, suite: SuiteOptions = {}): void {
  const { options, test = Deno.test } = suite;
  testPlugin(plugin, suite);
  const title = `metric ${plugin.name}`;
  test(`${title}: measures pictures of every number of channels as one number each, and the same again`, async () => {
    const metric = await makePart(plugin, { options, context: undefined });
    expect(typeof metric.unit === "string", `"unit" is no text: give one, "" where there is none`);
    for (const channels of [1, 3, 4] as const) {
      const [picture, reference] = [testPicture({ channels }), testPicture({ channels, phase: 1 })];
      const first = await metric.measure(picture, reference);
      const second = await metric.measure(picture, reference);
      expect(
        typeof first === "number" && !Number.isNaN(first),
        `measure() gives ${first} for ${channels} channels: give a number`,
      );
      expect(first === second, `measure() gives ${first} and then ${second} for the same two pictures`);
    }
  });
}
