/** The entry without native code paints the bundled model with no permission but to read it and WebAssembly's own files. */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { readPictureMetadata } from "./pipeline/metadata.ts";
import { decodePng } from "./images/png_decode.ts";
import { loadPipeline } from "./pipeline/pipeline.ts";
import { inTempFolder } from "./tests/in_temp_folder.ts";

const model = fileURLToPath(new URL("models/emoji", import.meta.url));
const entry = new URL("web.ts", import.meta.url).href;
const request = { prompt: "a red apple", seed: 7, priorSteps: 3, decoderSteps: 2 };

/** Where WebAssembly and the script that starts it lie. */
const library = dirname(fileURLToPath(import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm")));

/** Runs a module that imports the entry. */
async function run(code: string, allow: readonly string[]): Promise<{ stdout: Uint8Array; stderr: string }> {
  const config = fileURLToPath(new URL("deno.json", import.meta.url));
  let result: { stdout: Uint8Array; stderr: string } | undefined;
  await inTempFolder(async (folder) => {
    const file = `${folder}/paint.ts`;
    await Deno.writeTextFile(file, code);
    const args = ["run", "--quiet", "--no-check", "--no-prompt", "--config", config, ...allow, file];
    const output = await new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "piped" }).output();
    result = { stdout: output.stdout, stderr: new TextDecoder().decode(output.stderr) };
  });
  return result!;
}

const paint = `
import { loadPipeline } from ${JSON.stringify(entry)};
await using pipeline = await loadPipeline(${JSON.stringify(model)}, { name: "emoji", threads: 1 });
const { images } = await pipeline.generate(${JSON.stringify(request)});
const writer = Deno.stdout.writable.getWriter();
await writer.write(await images[0].png());
await writer.close();
`;

Deno.test("with no permission but to read model and WebAssembly, the picture is that of the native runtime", async () => {
  const { stdout, stderr } = await run(paint, [`--allow-read=${model},${library}`]);
  assert.equal(stderr, "");
  const painted = decodePng(stdout);
  await using pipeline = await loadPipeline(model, { threads: 1, hashWeights: false });
  const { images: [native] } = await pipeline.generate(request);
  assert.deepEqual([painted.width, painted.height, painted.channels], [native!.width, native!.height, 3]);
  const off = painted.data.map((value, i) => Math.abs(value - native!.data[i]!));
  assert(Math.max(...off) <= 2, `off by ${Math.max(...off)} of 255`);
  const { runtime, model: { name }, options } = readPictureMetadata(stdout);
  assert.match(runtime, /^wasm 1\./);
  assert.deepEqual([name, options.prompt, options.seed, options.priorSteps], [
    "emoji",
    request.prompt,
    request.seed,
    3,
  ]);
});

Deno.test("the permission that is missing is the model's", async () => {
  const { stderr } = await run(paint, [`--allow-read=${library}`]);
  assert.match(stderr, new RegExp(`NotCapable: Requires read access to "${model}`));
});

/** Modules of Node that a bundle for browsers puts its own in the place of: the only ones that may be imported. */
const replaced = ["node:crypto", "node:fs", "node:path", "node:zlib"];

interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly { readonly code?: { readonly specifier: string } }[];
}

/** All that a module imports when it runs, at once or on the way: what is imported for its types is not among it. */
async function importsOf(entry: string): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", entry] }).output();
  const { modules }: { modules: readonly Module[] } = JSON.parse(new TextDecoder().decode(stdout));
  const byName = new Map(modules.map((module) => [module.specifier, module]));
  const found = new Set([entry]);
  for (const name of found) {
    for (const { code } of byName.get(name)?.dependencies ?? []) if (code) found.add(code.specifier);
  }
  return [...found];
}

Deno.test("nothing that the entry imports is native, and of Node's modules there are those that a bundle replaces", async () => {
  const imports = await importsOf(entry);
  assert(imports.length > 200 && imports.some((name) => name.startsWith("npm:onnxruntime-web@")));
  assert.deepEqual(imports.filter((name) => name.startsWith("node:")).sort(), replaced);
  assert.deepEqual(
    imports.filter((name) => /onnxruntime-node|\/hub\/|runtime\/(session|carried_library)\.ts$/.test(name)),
    [],
  );
});
