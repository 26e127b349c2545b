import assert from "node:assert/strict";
import { encodeModel, graph, input, relu } from "../onnx/mod.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
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
