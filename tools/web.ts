/**
 * Writes the page that paints in a browser: one folder that any server of files can serve, model included.
 *
 *     deno task web [--output dist/web] [--model models/emoji] [--serve 8000]
 *
 * @module
 */
import { createHash } from "node:crypto";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import config from "../deno.json" with { type: "json" };
import { statIfThere } from "../files/stat_if_there.ts";
import { writeWholeFolder } from "../files/whole_folder.ts";
import { libraries } from "../web/browser_runtime.ts";
import type { ListedFile } from "../web/fetch_files.ts";
import { serveFolder } from "./serve_folder.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const source = join(root, "web");

/** What is bundled, each into a script of its own. */
const scripts = ["page", "worker", "service_worker"];

/** What is copied. */
const copied = ["style.css", "icon.svg", "manifest.webmanifest"];

/** Says what the page has to fetch. */
const listName = "files.json";

/** What the page's scripts import in place of what is not in a browser. */
const replaced: Readonly<Record<string, string>> = {
  "node:path": "shims/path.ts",
  ...Object.fromEntries(["crypto", "fs", "zlib"].map((name) => [`node:${name}`, "shims/absent.ts"])),
};

/** The import map of the project, with {@linkcode replaced}, and one build of ONNX Runtime for all that is no WebGPU. */
function importMap(): string {
  const own = Object.entries(config.imports).flatMap(([name, target]) => {
    if (target.startsWith("./")) return [[name, pathToFileURL(join(root, target)).href]];
    // What deno.json means by the name of a package, an import map says in two lines.
    return [[name, target], ...(name.endsWith("/") ? [] : [[`${name}/`, `${target.replace("npm:", "npm:/")}/`]])];
  });
  const shims = Object.entries(replaced).map(([name, path]) => [name, pathToFileURL(join(source, path)).href]);
  const library = config.imports["onnxruntime-web"];
  return JSON.stringify({
    imports: { ...Object.fromEntries([...own, ...shims]), "onnxruntime-web": `${library}/wasm` },
  });
}

async function bundle(output: string): Promise<void> {
  const map = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(map, importMap());
    for (const name of scripts) {
      const { success, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          // Codecs of JPEG and WebP are loaded where a file is named, and a page names none.
          ...["bundle", "--quiet", "--platform", "browser", "--minify", "--no-lock", "--external", "@jsquash/*"],
          ...["--import-map", map, "--output", join(output, `${name}.js`), join(source, `${name}.ts`)],
        ],
        cwd: root,
        stdout: "null",
        stderr: "piped",
      }).output();
      if (!success) throw new Error(`deno bundle failed for ${name}.ts: ${new TextDecoder().decode(stderr)}`);
    }
  } finally {
    await Deno.remove(map);
  }
}

/** The files of a model that a picture needs, by their paths in its folder. */
async function modelFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const half of ["prior", "decoder"]) {
    for await (const file of filesIn(join(folder, half))) found.push(relative(folder, file).replaceAll("\\", "/"));
  }
  return found.filter((path) => /\.(json|txt|safetensors)$/.test(path) && !path.includes("/compressor/")).sort();
}

async function* filesIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* filesIn(join(folder, name));
    else yield join(folder, name);
  }
}

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(dirname(to), { recursive: true });
  await Deno.copyFile(from, to);
}

/**
 * Writes the page's folder, in the place of an earlier one.
 *
 * @throws {ConfigError} where there is something else of that name
 * @returns bytes of all its files
 */
export async function writeWebPage(output: string, { model }: { model: string }): Promise<number> {
  // An earlier page makes room; anything else of that name stays, and is an error.
  if (await statIfThere(join(output, listName))) await Deno.remove(output, { recursive: true });
  await Deno.mkdir(dirname(output), { recursive: true });
  return await writeWholeFolder(output, async (folder) => {
    await bundle(folder);
    for (const name of copied) await copy(join(source, name), join(folder, name));
    for (const name of Object.values(libraries)) {
      for (const file of [`${name}.mjs`, `${name}.wasm`]) {
        await copy(fileURLToPath(import.meta.resolve(`onnxruntime-web/${file}`)), join(folder, "ort", file));
      }
    }
    for (const path of await modelFiles(model)) await copy(join(model, path), join(folder, "model", path));
    const hash = createHash("sha256");
    const listed: ListedFile[] = [];
    for (const file of (await Array.fromAsync(filesIn(folder))).sort()) {
      const bytes = await Deno.readFile(file);
      const path = relative(folder, file).replaceAll("\\", "/");
      hash.update(`${path} ${bytes.length}\n`).update(bytes);
      listed.push({ path, bytes: bytes.length });
    }
    const html = await Deno.readTextFile(join(source, "index.html"));
    const build = hash.update(html).digest("hex").slice(0, 16);
    await Deno.writeTextFile(join(folder, "index.html"), html.replace("BUILD", build));
    const list = {
      model: listed.filter(({ path }) => path.startsWith("model/")),
      libraries: listed.filter(({ path }) => path.startsWith("ort/")),
    };
    await Deno.writeTextFile(join(folder, listName), JSON.stringify(list));
    return listed.reduce((sum, { bytes }) => sum + bytes, 0);
  });
}

if (import.meta.main) {
  const { values: { output, model, serve } } = parseArgs({
    args: Deno.args,
    options: {
      output: { type: "string", default: join(root, "dist", "web") },
      model: { type: "string", default: join(root, "models", "emoji") },
      serve: { type: "string" },
    },
  });
  try {
    const bytes = await writeWebPage(output, { model });
    console.log(`${output}: ${(bytes / 1e6).toFixed(1)} MB; serve it by any server of files`);
    if (serve !== undefined) console.log(`open ${serveFolder(output, { port: Number(serve) }).url}`);
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    Deno.exit(1);
  }
}
