import assert from "node:assert/strict";
import { join } from "node:path";
import { channelwise, linear } from "../networks/layers.ts";
import { graph, input, scope, traceScopes } from "../onnx/mod.ts";
import { nativeRuntime } from "../runtime/session.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import type { AppliedLora } from "../weights/apply_lora.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import { relativeError } from "../weights/quantize.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { Network, type NetworkOptions } from "./network.ts";

/** Numbers of −1 … 1 that look random and are the same every time. */
function numbers(shape: readonly number[], seed: number): Tensor<"float32"> {
  let state = seed * 7919;
  // Lehmer's generator with the constants of MINSTD.
  const draw = () => (state = state * 48271 % 2147483647) / 2147483647 * 2 - 1;
  draw();
  return tensor("float32", shape, Float32Array.from({ length: shape.reduce((all, dim) => all * dim, 1) }, draw));
}

/** A block of 64 channels and a narrow layer behind it. */
function build({ height }: { height: number }) {
  const x = input("x", "float32", ["batch", height, 2, 64]);
  const y = scope("block", () => channelwise(x, { channels: 64 }));
  return graph({ name: "Tiny", inputs: [x], outputs: { y: linear("out", y, { to: 8 }) } });
}
const definition = { declare: () => void build({ height: 1 }), build };

async function writeWeights(folder: string): Promise<void> {
  const { parameters } = traceScopes(() => build({ height: 1 }));
  const tensors = [...parameters].map(([key, shape], i) => {
    const scale = 1 / Math.sqrt(shape.at(-1)!);
    const { data, ...rest } = numbers(shape, i + 1);
    return [key, { ...rest, data: data.map((value) => scale * value) }] as const;
  });
  await writeSafetensors(join(folder, "model.safetensors"), tensors);
}

const open = async (folder: string, options: NetworkOptions = {}) =>
  new Network(definition, await openCheckpoint(folder, { stem: "model" }), {
    threads: 1,
    runtime: nativeRuntime,
    ...options,
  });

async function run(network: Network<{ height: number }>, height = 3): Promise<Float32Array> {
  await network.load({ height });
  try {
    const { y } = await network.run({ x: numbers([2, height, 2, 64], 99) });
    return y!.data as Float32Array;
  } finally {
    await network.release();
  }
}

const quantizedFiles = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(join(folder, "quantized")))).map(({ name }) => name).filter((name) =>
    name.endsWith(".safetensors")
  );

for (const [precision, bound] of [["fp16", 1e-3], ["int8", 0.02], ["int4", 0.15]] as const) {
  Deno.test(`a network in ${precision} is within ${bound} of fp32, at any size, out of one file`, () =>
    inTempFolder(async (folder) => {
      await writeWeights(folder);
      const cacheFolder = join(folder, "cache");
      const [plain, kept] = [await open(folder), await open(folder, { precision, cacheFolder })];
      for (const height of [3, 5]) {
        const error = relativeError(await run(kept, height), await run(plain, height));
        assert(error > 0 && error < bound, `height ${height}: ${error}`);
      }
      assert.equal((await quantizedFiles(cacheFolder)).length, 1);
      assert.deepEqual(kept.takeWarnings(), []);
    }));
}

Deno.test("weights in int8 that are written, cached and made in memory give the same numbers", () =>
  inTempFolder(async (folder) => {
    await writeWeights(folder);
    const cached = await open(folder, { precision: "int8", cacheFolder: join(folder, "cache") });
    const first = await run(cached);
    const again = await open(folder, { precision: "int8", cacheFolder: join(folder, "cache") });
    assert.deepEqual(await run(again), first);

    // A file where the folder would be: nobody can write there.
    await Deno.writeTextFile(join(folder, "file"), "");
    const inMemory = await open(folder, { precision: "int8", cacheFolder: join(folder, "file") });
    assert.deepEqual(await run(inMemory), first);
    const [warning] = inMemory.takeWarnings();
    assert.match(warning!, /weights in int8 stay in memory and are made anew in each run: .*file/);
    assert.deepEqual(inMemory.takeWarnings(), []);

    const written = join(folder, "written");
    await Deno.mkdir(written);
    const tensors = await cached.weights({ height: 1 });
    const metadata = { format: "pt", precision: "int8" };
    await writeSafetensors(join(written, "model.safetensors"), tensors, { metadata });
    const loaded = await open(written);
    assert.equal(loaded.precision, "int8");
    assert.deepEqual(await run(loaded), first);
  }));

Deno.test("weights that were written in int8 cannot become another precision, nor take LoRAs", () =>
  inTempFolder(async (folder) => {
    await writeWeights(folder);
    const tensors = await (await open(folder, { precision: "int8" })).weights({ height: 1 });
    const write = async (precision: string) => {
      const written = join(folder, precision);
      await Deno.mkdir(written);
      await writeSafetensors(join(written, "model.safetensors"), tensors, { metadata: { precision } });
      return written;
    };
    const written = await write("int8");
    await assert.rejects(() => open(written, { precision: "fp32" }), {
      name: "CheckpointError",
      message: `${written}: its weights are kept in int8 and cannot become fp32: take those that they were made from`,
    });
    const lora: AppliedLora = { pairs: new Map(), scale: 1, checkUnchanged: () => Promise.resolve() };
    await assert.rejects(() => open(written, { loras: [lora] }), {
      message: /kept in int8, which LoRAs cannot change/,
    });
    const unknown = await write("int3");
    await assert.rejects(() => open(unknown), { message: /kept as "int3": Expected fp32, fp16, int8, int4/ });
  }));

Deno.test("a LoRA is rounded with the weight that it changes, into a file of its own", () =>
  inTempFolder(async (folder) => {
    await writeWeights(folder);
    const file = join(folder, "lora.safetensors");
    await writeSafetensors(file, { down: numbers([2, 64], 50), up: numbers([256, 2], 51) });
    const { tensors } = await openCheckpoint(file, { stem: "model" });
    const pair = { down: tensors.get("down")!, up: tensors.get("up")!, scale: 0.1, keys: { down: "down", up: "up" } };
    const lora: AppliedLora = {
      pairs: new Map([["block.channelwise.0.weight", pair]]),
      scale: 1,
      checkUnchanged: () => Promise.resolve(),
    };
    const cacheFolder = join(folder, "cache");
    const plain = await run(await open(folder, { loras: [lora] }));
    const kept = await run(await open(folder, { loras: [lora], precision: "int8", cacheFolder }));
    const without = await run(await open(folder, { precision: "int8", cacheFolder }));
    assert(relativeError(kept, plain) < 0.02);
    assert(relativeError(without, plain) > 0.05);
    assert.equal((await quantizedFiles(cacheFolder)).length, 2);
  }));

Deno.test("a layer whose weight has outliers stays in fp32", () =>
  inTempFolder(async (folder) => {
    await writeWeights(folder);
    const checkpoint = await openCheckpoint(folder, { stem: "model" });
    const tensors = new Map<string, Tensor>();
    for (const key of checkpoint.tensors.keys()) tensors.set(key, await checkpoint.read(key));
    const outliers = tensors.get("block.channelwise.4.weight")!.data as Float32Array;
    for (let i = 0; i < outliers.length; i += 256) outliers[i] = 8;
    await writeSafetensors(join(folder, "model.safetensors"), tensors, { force: true });
    const made = await (await open(folder, { precision: "int8" })).weights({ height: 1 });
    const keys = [...made.keys()].filter((key) => key.includes(".weight"));
    assert.deepEqual(keys.sort(), [
      "block.channelwise.0.weight.int8",
      "block.channelwise.0.weight.scale",
      "block.channelwise.4.weight",
      "out.weight",
    ]);
  }));
