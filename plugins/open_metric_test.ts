import assert from "node:assert/strict";
import { PluginError } from "../errors.ts";
import { tensor } from "../tensor/tensor.ts";
import { builtinRegistry } from "./builtin.ts";
import type { FeatureSet, Metric } from "./contracts/parts.ts";
import { defineMetric } from "./define.ts";
import { type OpenMetric, openMetric } from "./open_metric.ts";
import { testPicture } from "./testing/test_picture.ts";

const picture = testPicture({ channels: 3 });
const set: FeatureSet = { features: tensor("float32", [2, 3]) };

async function open(part: object): Promise<OpenMetric> {
  const registry = builtinRegistry();
  const create = () => ({ unit: "", better: "lower", ...part }) as unknown as Metric;
  registry.add(defineMetric({ name: "mine", summary: "for tests", create }), { source: "test" });
  return await openMetric(registry, "mine");
}

Deno.test("openMetric() opens a metric by its name, with its unit and which way is better", async () => {
  const metric = await openMetric(builtinRegistry(), "psnr");
  assert("measure" in metric);
  assert.deepEqual([metric.name, metric.unit, metric.better], ["psnr", "dB", "higher"]);
  assert.equal(await metric.measure(picture, picture), Infinity);
  await assert.rejects(() => openMetric(builtinRegistry(), "snr"), /metric that is known.*did you mean "psnr"/);
});

Deno.test("a metric that throws or gives no number is named", async () => {
  const pairs = async (measure: unknown) => {
    const metric = await open({ measure });
    assert("measure" in metric);
    return await metric.measure(picture, picture);
  };
  const named = (message: RegExp) => (error: Error) => error instanceof PluginError && message.test(error.message);
  await assert.rejects(() => pairs(() => NaN), named(/^metric mine: Expected measure\(\) .* but found NaN$/));
  await assert.rejects(
    () =>
      pairs(() => {
        throw new TypeError("not today");
      }),
    named(/^metric mine: not today$/),
  );
  const sets = async (compare: unknown) => {
    const metric = await open({ compare });
    assert("compare" in metric);
    return await metric.compare(set, set);
  };
  assert.deepEqual(await sets(() => ({ value: 1, count: 2 })), { value: 1, count: 2 });
  for (const wrong of [undefined, 3, { value: 1 }, { value: NaN, count: 2 }, { value: 1, count: 1, values: [NaN] }]) {
    await assert.rejects(() => sets(() => wrong), named(/^metric mine: Expected compare\(\) to return/));
  }
});
