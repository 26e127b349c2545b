import assert from "node:assert/strict";
import { join } from "node:path";
import { gemm, graph, input, parameter } from "../onnx/mod.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { nativeRuntime } from "../runtime/session.ts";
import { tensor } from "../tensor/tensor.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { Network } from "./network.ts";

const weights = (value: number) => ({ weight: tensor("float32", [1, 2], Float32Array.of(value, value)) });

Deno.test("load() refuses weights that were replaced since they were opened, loaded or not", () =>
  inTempFolder(async (folder) => {
    const file = join(folder, "model.safetensors");
    await writeSafetensors(file, weights(1));
    const build = ({ batch }: { batch: number }) => {
      const x = input("x", "float32", [batch, 2]);
      return graph({ inputs: [x], outputs: { y: gemm(x, parameter("weight", [1, 2])) } });
    };
    const open = async () => {
      const checkpoint = await openCheckpoint(folder, { stem: "model" });
      return new Network({ declare: () => void build({ batch: 1 }), build }, checkpoint, {
        threads: 1,
        runtime: nativeRuntime,
      });
    };
    const [loaded, fresh] = [await open(), await open()];
    assert.equal(await loaded.load({ batch: 1 }), true);
    assert.equal(await loaded.load({ batch: 1 }), false);
    await writeSafetensors(file, weights(2), { force: true });
    await Deno.utime(file, 1, 1);
    const message = `${file}: the file has changed while it was in use; open it again`;
    for (const network of [loaded, fresh]) {
      await assert.rejects(() => network.load({ batch: 1 }), { name: "CheckpointError", message });
    }
    await loaded.release();
  }));

Deno.test("what a runtime says of a session, such as operators on another device, is a warning of the network", () =>
  inTempFolder(async (folder) => {
    await writeSafetensors(join(folder, "model.safetensors"), weights(1));
    const build = () => {
      const x = input("x", "float32", [1, 2]);
      return graph({ inputs: [x], outputs: { y: gemm(x, parameter("weight", [1, 2])) } });
    };
    const notices = ["some of its operators run on the processor"];
    const runtime: Runtime = {
      ...nativeRuntime,
      createSession: () =>
        Promise.resolve({ inputs: [], notices, run: () => Promise.resolve({}), release: () => Promise.resolve() }),
    };
    const checkpoint = await openCheckpoint(folder, { stem: "model" });
    const network = new Network({ declare: () => void build(), build }, checkpoint, { runtime });
    await network.load({});
    assert.deepEqual(network.takeWarnings(), [`${folder}: ${notices[0]}`]);
    assert.deepEqual(network.takeWarnings(), []);
  }));
