import assert from "node:assert/strict";
import { dynamicQuantizeLinear, encodeModel, graph, input, matMulIntegerToFloat, relu, Value } from "../onnx/mod.ts";
import { tensor } from "../tensor/tensor.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { machineHasByteDotProducts } from "./byte_dot_products.ts";
import { Session } from "./session.ts";

Deno.test("a session runs a graph and can be released", async () => {
  const model = encodeModel(
    graph({ outputs: { y: relu(input("x", "float32", [2])) } }),
    () => assert.fail("no parameters"),
  );
  const session = await Session.create(model);
  const { y } = await session.run({ x: { dtype: "float32", shape: [2], data: Float32Array.of(-1, 2) } });
  assert.deepEqual([...(y!.data as Float32Array)], [0, 2]);
  await session.release();
});

Deno.test({
  name: "layers share a weight in int8, where the processor has dot products of 8 bits",
  ignore: !await machineHasByteDotProducts(),
  async fn() {
    const [values, scales] = [
      new Value("int8", [8, 8], { kind: "parameter", key: "w.int8" }),
      new Value("float32", [8], { kind: "parameter", key: "w.scale" }),
    ];
    const layer = (name: string) => {
      const x = input(name, "float32", [2, 8]);
      return matMulIntegerToFloat(dynamicQuantizeLinear(x), { values, scales });
    };
    const numbers = {
      "w.int8": tensor("int8", [8, 8], new Int8Array(64).fill(127)),
      "w.scale": tensor("float32", [8], new Float32Array(8).fill(1)),
    };
    const model = encodeModel(graph({ outputs: { y: layer("a"), z: layer("b") } }), ({ key }) => {
      return { kind: "tensor", tensor: numbers[key as keyof typeof numbers] };
    });
    const session = await Session.create(model);
    const x = tensor("float32", [2, 8], new Float32Array(16).fill(255));
    const { y, z } = await session.run({ a: x, b: x });
    // 8 products of the largest numbers there are: in 16 bits they would overflow.
    for (const { data } of [y!, z!]) assert.deepEqual([...new Set(data as Float32Array)], [8 * 255 * 127]);
    await session.release();
  },
});

Deno.test("the runtime leaves no telemetry files in the user's home", async () => {
  await inTempFolder(async (home) => {
    const code = `
      import { runtimeVersion, Session } from ${JSON.stringify(new URL("./session.ts", import.meta.url).href)};
      await Session.create(new Uint8Array(1)).catch(() => {});
      console.log(await runtimeVersion());
    `;
    const info = new TextDecoder().decode(
      (await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output()).stdout,
    );
    const { denoDir } = JSON.parse(info);
    const env = { HOME: home, XDG_CACHE_HOME: `${home}/cache`, DENO_DIR: denoDir, PATH: Deno.env.get("PATH") ?? "" };
    const config = new URL("../deno.json", import.meta.url).pathname;
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--config", config, "-"],
      env,
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
    });
    const child = command.spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(code));
    await writer.close();
    const { stdout, success } = await child.output();
    assert.ok(success);
    assert.match(new TextDecoder().decode(stdout), /^\d+\.\d+/);
    assert.deepEqual((await Array.fromAsync(Deno.readDir(home))).map(({ name }) => name), []);
  });
});
