import assert from "node:assert/strict";
import { ConfigError } from "../errors.ts";
import { builtinRegistry } from "../plugins/builtin.ts";
import { encodingOfPost, readPost } from "./_post.ts";
import { splitPost } from "./_post_text.ts";

const registry = builtinRegistry();

Deno.test("splitPost() finds the settings behind the name, whatever colons the name has", () => {
  const cases: [string, string, string][] = [
    ["sharpen", "sharpen", ""],
    ["resize:scale=2,filter=nearest", "resize", "scale=2,filter=nearest"],
    ["npm:mine@1.0.0:size=3", "npm:mine@1.0.0", "size=3"],
    ["npm:mine@1.0.0", "npm:mine@1.0.0", ""],
    ["./my.ts:model=a:b=c", "./my.ts", "model=a:b=c"],
    ['upscale:{"model":"a,b.onnx"}', "upscale", '{"model":"a,b.onnx"}'],
  ];
  for (const [text, name, settings] of cases) assert.deepEqual(splitPost(text), { name, settings });
});

Deno.test("readPost() reads values as the options say, in key=value and in JSON", () => {
  const post = readPost([
    "resize:scale=2,filter=nearest",
    "sharpen",
    "upscale:model=2.onnx,tile=64",
    'upscale:{"model":"a,b.onnx"}',
  ], { registry });
  assert.deepEqual(post, [
    { name: "resize", options: { scale: 2, filter: "nearest" } },
    { name: "sharpen", options: {} },
    { name: "upscale", options: { model: "2.onnx", tile: 64 } },
    { name: "upscale", options: { model: "a,b.onnx" } },
  ]);
});

Deno.test("readPost() refuses what it cannot read, and unknown names", () => {
  const refuses = (text: string, message: RegExp) =>
    assert.throws(
      () => readPost([text], { registry }),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  refuses(
    "resize:scale=2,nearest",
    /Expected --post to be NAME or NAME:key=value,… but found "resize:scale=2,nearest"/,
  );
  refuses("upscale:{model}", /Expected the settings of --post to be JSON/);
  refuses("euler", /Expected a post-processor that is known but found "euler", which is a scheduler/);
});

Deno.test("encodingOfPost() is what the last post-processor wants that says it", async () => {
  const post = readPost(["format:type=webp,quality=40", "sharpen", "format:quality=60"], { registry });
  assert.deepEqual(await encodingOfPost(post, { registry }), { format: "webp", quality: 60 });
  assert.deepEqual(await encodingOfPost(undefined, { registry }), {});
});
