import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { librariesFor, platformFolders, platforms } from "./compile.ts";

const libraries = fileURLToPath(new URL("../bin/napi-v6", import.meta.resolve("onnxruntime-node")));

Deno.test("a program for any platform takes its own libraries of ONNX Runtime along and none of another's", async () => {
  const folders = await platformFolders(libraries);
  assert.ok(folders.length > 3, folders.join());
  for (const target of Object.keys(platforms)) {
    const { own, foreign } = librariesFor(target, folders);
    assert.deepEqual([own, ...foreign].sort(), folders);
    assert.ok([...Deno.readDirSync(`${libraries}/${own}`)].some(({ name }) => name.endsWith(".node")), own);
  }
});

Deno.test("a platform that is not known, or has no libraries, is refused with those that are", () => {
  assert.throws(() => librariesFor("sparc", ["linux/x64"]), /--target to be x86_64-unknown-linux-gnu or .*"sparc"$/);
  assert.throws(() => librariesFor("aarch64-apple-darwin", ["linux/x64"]), /libraries for darwin\/arm64$/);
});
