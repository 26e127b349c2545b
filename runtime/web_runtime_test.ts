import assert from "node:assert/strict";
import { join } from "node:path";
import { encodeModel, graph, input, matMul, parameter } from "../onnx/mod.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { outOfMemory } from "./out_of_memory.ts";
import { type WebOrt, webRuntime } from "./web_runtime.ts";

/** A package whose sessions throw. */
function throwing({ create, run }: { create?: unknown; run?: unknown }) {
  const session = { inputMetadata: [], run: () => Promise.reject(run), release: () => Promise.resolve() };
  const ort = {
    env: { versions: { common: "9" } },
    InferenceSession: { create: () => create === undefined ? Promise.resolve(session) : Promise.reject(create) },
  } as unknown as WebOrt;
  return webRuntime({ load: () => Promise.resolve(ort) });
}

const short = [
  new Error("std::bad_alloc"),
  new Error("failed to allocate a buffer"),
  new Error("memory access out of bounds"),
  new RangeError("WebAssembly.Memory(): could not allocate memory"),
  new RangeError("offset is out of bounds"),
];

Deno.test("memory that WebAssembly does not have is a ResourceError that says so, when a session is made and when it runs", async () => {
  const wanted = {
    name: "ResourceError",
    message: /^WebAssembly is out of memory \(at most 4\.3 GB\): paint a smaller/,
  };
  for (const cause of short) {
    await assert.rejects(throwing({ create: cause }).createSession(new Uint8Array(), {}), wanted);
    const session = await throwing({ run: cause }).createSession(new Uint8Array(), {});
    await assert.rejects(session.run({}), (error: Error) => {
      assert.notEqual(outOfMemory(error), undefined, "a generation recognises it and tries with less");
      return wanted.message.test(error.message) && error.cause === cause;
    });
  }
});

Deno.test("other errors of WebAssembly stay as they are", async () => {
  const cause = new Error("no such operator");
  await assert.rejects(throwing({ create: cause }).createSession(new Uint8Array(), {}), cause);
});

Deno.test("weights beyond what 32 bits address are refused before they are read", () =>
  inTempFolder(async (folder) => {
    // A file of holes, which takes no disk.
    await Deno.writeFile(join(folder, "w.bin"), new Uint8Array());
    await Deno.truncate(join(folder, "w.bin"), 2 ** 32);
    const product = matMul(input("x", "float32", [1, 4]), parameter("w", [4, 4]));
    const model = encodeModel(graph({ outputs: { product } }), () => {
      return { kind: "external", dtype: "float32", location: "w.bin", offset: 0, length: 64 };
    });
    await assert.rejects(throwing({}).createSession(model, { folder }), {
      name: "ResourceError",
      message: /^Cannot load weights of 4\.3 GB: WebAssembly has at most 4\.3 GB of memory; take the native runtime$/,
    });
  }));
