/**
 * Compiles the command line into one file, `dist/wuerstchen`, with its runtime, ONNX Runtime for one platform and the bundled model.
 *
 *     deno task compile [--target x86_64-unknown-linux-gnu] [--output dist/wuerstchen]
 *
 * @module
 */
import { createHash } from "node:crypto";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import config from "../deno.json" with { type: "json" };
import type { CarriedFolders } from "../files/carried_folder.ts";
import type { KnownFile } from "../files/unpack_files.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");

/** Most bytes of the program. */
const maxBytes = 220e6;

/** Models that it carries; the other priors for emoji would make it too large. */
const models = ["emoji"];

/** What the code needs of V8 and has to be asked for in Deno before 2.5. */
const engineFlags = "toBase64" in Uint8Array.prototype ? [] : ["--v8-flags=--js-base-64"];

/** Folder of ONNX Runtime's libraries in its package, by Deno's name of a platform. */
export const platforms: Readonly<Record<string, string>> = {
  "x86_64-unknown-linux-gnu": "linux/x64",
  "aarch64-unknown-linux-gnu": "linux/arm64",
  "x86_64-pc-windows-msvc": "win32/x64",
  "aarch64-apple-darwin": "darwin/arm64",
};

/** Modules that are found by a path made at run time: workers, and what plugins may import. */
const unseen = [
  "weights/_scan_worker.ts",
  "hub/_hash_worker.ts",
  "train/data/_load_worker.ts",
  "cli/_signal_worker.ts",
  "plugins/zod.ts",
  ...Object.values(config.imports).filter((path) => path.startsWith("./")),
];

/** What the program takes out of the package of ONNX Runtime's WebAssembly, which has it in ten builds. */
const wasmScripts = ["ort.node.min.mjs", "ort-wasm-simd-threaded.mjs"];
const webAssembly = "ort-wasm-simd-threaded.wasm";

/** Files of packages that no program runs. */
const unread = /\.(d\.[cm]?ts|map|md|flow)$/;

/** Packages that only tests and types need. */
const idle = ["fast-check", "@types/node", "undici-types"];

/** Bytes of a library from which on it is carried compressed. */
const packedFrom = 4e6;

async function* filesIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) yield* filesIn(path);
    else yield path;
  }
}

/**
 * Describes the files of a folder.
 *
 * @param options.packInto a folder below `dist`, where large files are compressed; as they are where left out
 */
async function describe(folder: string, { packInto }: { packInto?: string } = {}): Promise<KnownFile[]> {
  const files: KnownFile[] = [];
  for await (const file of filesIn(folder)) {
    const path = relative(folder, file).replaceAll("\\", "/");
    const bytes = await Deno.readFile(file);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const known = { path, bytes: bytes.byteLength, sha256 };
    if (packInto === undefined || bytes.byteLength < packedFrom) files.push(known);
    else files.push({ ...known, packed: await pack(bytes, `${packInto}/${path}.gz`) });
  }
  return files.sort((a, b) => a.path < b.path ? -1 : 1);
}

/** Compresses a file to `name` below `dist`; returns that name. */
async function pack(bytes: Uint8Array, name: string): Promise<string> {
  const target = join(dist, name);
  await Deno.mkdir(dirname(target), { recursive: true });
  await Deno.writeFile(target, gzipSync(bytes, { level: 9 }));
  return name;
}

/** Folders of the package that hold the libraries of one platform each. */
export async function platformFolders(libraries: string): Promise<string[]> {
  const folders: string[] = [];
  for await (const { name: system } of Deno.readDir(libraries)) {
    for await (const { name } of Deno.readDir(join(libraries, system))) folders.push(`${system}/${name}`);
  }
  return folders.sort();
}

/**
 * The folder of libraries that a program takes along, and those of other platforms, which it leaves out.
 *
 * @throws {Error} where it is for a platform that ONNX Runtime has no libraries for
 */
export function librariesFor(target: string, folders: readonly string[]): { own: string; foreign: string[] } {
  const own = platforms[target];
  if (own === undefined) {
    throw new Error(`Expected --target to be ${Object.keys(platforms).join(" or ")} but found "${target}"`);
  }
  if (!folders.includes(own)) throw new Error(`Expected ONNX Runtime to have libraries for ${own}`);
  return { own, foreign: folders.filter((folder) => folder !== own) };
}

/** What packages hold beside their programs, by the names and versions of the lock file, below the folder of all packages. */
async function idleFiles(packages: string): Promise<string[]> {
  const lock = JSON.parse(await Deno.readTextFile(join(root, "deno.lock"))) as {
    npm: Readonly<Record<string, unknown>>;
  };
  const files: string[] = [];
  for (const id of Object.keys(lock.npm)) {
    const [, name, version] = /^(@?[^@]+)@([^_]+)/.exec(id)!;
    const folder = join(packages, name!, version!);
    if (!await Deno.stat(folder).then(() => true, () => false)) continue;
    if (idle.includes(name!)) files.push(folder);
    else for await (const file of filesIn(folder)) if (unread.test(file)) files.push(file);
  }
  return files;
}

async function compile({ target, output }: { target: string; output: string }): Promise<void> {
  const libraries = fileURLToPath(new URL("../bin/napi-v6", import.meta.resolve("onnxruntime-node")));
  const { own, foreign } = librariesFor(target, await platformFolders(libraries));
  await Deno.remove(join(dist, "packed"), { recursive: true }).catch(() => {});
  const runtime = await describe(join(libraries, own), { packInto: "packed/onnxruntime" });
  const carried: Record<string, KnownFile[]> = { onnxruntime: runtime };
  for (const name of models) carried[`models/${name}`] = await describe(join(root, "models", name));
  await Deno.mkdir(dist, { recursive: true });
  await Deno.writeTextFile(join(dist, "carried.json"), JSON.stringify(carried satisfies CarriedFolders));
  const included = [...unseen, "dist/carried.json", "dist/packed", ...models.map((name) => `models/${name}`)];
  const builds = fileURLToPath(new URL(".", import.meta.resolve("onnxruntime-web")));
  await pack(await Deno.readFile(join(builds, webAssembly)), `packed/onnxruntime-web/${webAssembly}.gz`);
  const unused = [...Deno.readDirSync(builds)].filter(({ name }) => !wasmScripts.includes(name));
  const excluded = [
    ...foreign.map((folder) => join(libraries, folder)),
    ...runtime.filter(({ packed }) => packed !== undefined).map(({ path }) => join(libraries, own, path)),
    ...unused.map(({ name }) => join(builds, name)),
    ...await idleFiles(join(libraries, "../../../..")),
  ];
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [
      // Types are checked by `deno task check`, by the version of Deno that the code is written for.
      ...["compile", "--quiet", "--no-check", "--allow-all", "--frozen", "--target", target, "--output", output],
      ...engineFlags,
      ...included.flatMap((path) => ["--include", path]),
      ...excluded.flatMap((path) => ["--exclude", path]),
      "cli/main.ts",
    ],
    cwd: root,
  }).spawn().status;
  if (!success) throw new Error("deno compile failed");
}

/** Compiles, and says what came of it. */
async function main(): Promise<void> {
  const { values: { target, output } } = parseArgs({
    args: Deno.args,
    options: {
      target: { type: "string", default: Deno.build.target },
      output: { type: "string", default: join(root, "dist", "wuerstchen") },
    },
  });
  await compile({ target, output });
  const file = target.includes("windows") && !output.endsWith(".exe") ? `${output}.exe` : output;
  const { size } = await Deno.stat(file);
  console.log(`${file}: ${(size / 1e6).toFixed(1)} MB`);
  if (size > maxBytes) throw new Error(`Expected at most ${maxBytes / 1e6} MB`);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    Deno.exit(1);
  }
}
