import assert from "node:assert/strict";
import { join } from "node:path";
import { priorConfig } from "../../networks/prior.ts";
import { type ExportedValue, exportModel } from "../../pipeline/export_model.ts";
import { Session } from "../../runtime/session.ts";
import { sizeOf, type Tensor, tensor, tensorBytes } from "../../tensor/tensor.ts";
import { inTempFolder } from "../in_temp_folder.ts";
import { openCase } from "../network_case.ts";
import { assertClose } from "../read_fixture.ts";
import { tinyModel } from "../tiny_model.ts";
import { runPython, withoutPackages } from "./python.ts";

/** A file of raw numbers. */
interface RawFile {
  readonly name: string;
  readonly path: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

const skipped = await withoutPackages("onnxruntime", "numpy");

/** Something of the kind that an input takes; sizes that may be any are 2. */
function inputFor({ name, dtype, shape }: ExportedValue): Tensor {
  const sizes = shape.map((side) => typeof side === "number" ? side : 2);
  const length = sizeOf(sizes);
  if (dtype !== "int64") return tensor("float32", sizes, Float32Array.from({ length }, (_, i) => Math.sin(i)));
  // Tokens, or the mask of those that count.
  const number = (i: number) => BigInt(name === "mask" ? 1 : i % 97);
  return tensor("int64", sizes, BigInt64Array.from({ length }, (_, i) => number(i)));
}

Deno.test({
  name: `an exported model gives in PyPI's onnxruntime the numbers that it gives here${skipped}`,
  ignore: skipped !== "",
  fn: () =>
    inTempFolder(async (folder) => {
      const onnx = join(folder, "onnx");
      const networks = await exportModel(tinyModel, onnx, { width: 128, height: 128 });
      assert.equal(networks.length, 5);
      const { fixture, inputs: known } = await openCase("prior_b1_24x24like_3x3", priorConfig);
      const runs = [];
      for (const { file, inputs } of networks) {
        const written = [];
        for (const input of inputs) {
          const value = file === "prior.onnx" ? known[input.name]! : inputFor(input);
          const path = `${file}.${input.name}.in`;
          await Deno.writeFile(join(folder, path), tensorBytes(value));
          written.push({ name: input.name, path, dtype: value.dtype, shape: value.shape, value });
        }
        runs.push({ file, inputs: written });
      }
      const plain = runs.map(({ file, inputs }) => ({ file, inputs: inputs.map(({ value: _, ...rest }) => rest) }));
      await Deno.writeTextFile(join(folder, "runs.json"), JSON.stringify(plain));
      const results = await runPython("run_onnx.py", [folder]) as Record<string, RawFile[]>;
      for (const { file, inputs } of runs) {
        const session = await Session.create(await Deno.readFile(join(onnx, file)), { threads: 1, folder: onnx });
        const ours = await session.run(Object.fromEntries(inputs.map(({ name, value }) => [name, value])));
        await session.release();
        const theirs = results[file]!;
        assert.deepEqual(theirs.map(({ name }) => name).sort(), Object.keys(ours).sort());
        for (const { name, path, dtype, shape } of theirs) {
          assert.equal(dtype, "float32", `${file}: ${name}`);
          const { buffer } = await Deno.readFile(join(folder, path));
          const value = tensor("float32", shape, new Float32Array(buffer));
          assertClose(value, ours[name]!, 1e-4, `${file}: ${name}`);
          if (file === "prior.onnx") assertClose(value, fixture.tensor("out"), fixture.atol("out"), "as diffusers");
        }
      }
    }),
});
