/**
 * Checks the import direction of ARCHITECTURE.md: a folder may import only from those listed for it.
 *
 * Run with `deno task imports`.
 * @module
 */
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What makes pictures, and all below it. */
const library = [
  "config",
  "files",
  "hub",
  "images",
  "networks",
  "onnx",
  "pipeline",
  "plugins",
  "runtime",
  "schedulers",
  "stages",
  "tensor",
  "text",
  "weights",
];

/**
 * What each top-level folder may import from, besides itself, `errors.ts`, `version.ts` and packages. A longer path stands for a file, or
 * for a folder in a folder: as a rule it is taken before its folder's, as a target it allows that alone.
 */
const allowed: Record<string, readonly string[]> = {
  tensor: [],
  config: [],
  // Types alone: at run time they import nothing, so that schedulers lie as low as before.
  "plugins/define.ts": ["plugins/contracts"],
  "plugins/import_file.ts": ["deno.json"],
  "plugins/contracts": ["images", "runtime", "stages", "tensor", "text", "weights"],
  plugins: ["config", "images", "networks", "onnx", "runtime", "schedulers", "stages", "tensor", "text", "weights"],
  files: [],
  onnx: ["tensor"],
  networks: ["onnx", "tensor"],
  schedulers: ["tensor", "plugins/define.ts", "plugins/contracts"],
  text: ["files", "tensor", "weights"],
  images: ["tensor", "files"],
  weights: ["files", "onnx", "tensor"],
  hub: ["files", "weights"],
  runtime: ["files", "onnx", "tensor"],
  stages: ["networks", "onnx", "runtime", "tensor", "text", "weights"],
  pipeline: [
    "files",
    "hub",
    "images",
    "networks",
    "onnx",
    "plugins",
    "config",
    "runtime",
    "schedulers",
    "stages",
    "tensor",
    "text",
    "weights",
  ],
  report: ["images"],
  train: [...library, "report"],
  evaluation: [...library, "train"],
  experiments: [...library, "evaluation", "report"],
  cli: [...library, "train", "evaluation", "experiments", "report"],
  bench: [...library, "train", "report", "cli"],
  web: library,
};

/** The files that may import ONNX Runtime: what all its packages share are types. */
const runtimeFiles: Record<string, readonly string[]> = {
  "onnxruntime-common": ["runtime/session.ts", "runtime/ort_values.ts", "runtime/web_runtime.ts"],
  "onnxruntime-node": ["runtime/session.ts"],
  "onnxruntime-web": ["runtime/web_runtime.ts", "runtime/wasm_runtime.ts", "web/browser_runtime.ts"],
};

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* sources(path);
    else if (entry.name.endsWith(".ts") && !entry.name.endsWith("_test.ts")) yield path;
  }
}

/** Specifiers of all static and dynamic imports and re-exports of a module. */
function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  return [...code.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)].map((match) => match[1]!);
}

/** Whether a path is what a rule names, or lies in it. */
const isIn = (path: string, place: string) => path === place || path.startsWith(`${place}/`);

const problems: string[] = [];
for (const folder of new Set(Object.keys(allowed).map((place) => place.split("/")[0]!))) {
  for await (const path of sources(join(root, folder))) {
    const file = relative(root, path);
    const [place, others] = Object.entries(allowed).filter(([place]) => isIn(file, place))
      .reduce((one, other) => other[0].length > one[0].length ? other : one);
    for (const specifier of importsOf(await Deno.readTextFile(path))) {
      const [, library] = /^(?:npm:)?(onnxruntime-\w+)/.exec(specifier) ?? [];
      const may = library === undefined ? undefined : runtimeFiles[library] ?? [];
      if (may && !may.includes(file) && folder !== "bench") {
        problems.push(`${file}: imports ${specifier}; only ${may.join(", ")} may`);
      }
      if (!specifier.startsWith(".")) continue;
      const target = normalize(join(dirname(file), specifier));
      const free = isIn(target, place) || target === "errors.ts" || target === "version.ts" ||
        (folder === "cli" || folder === "bench") && (target === "mod.ts" || target === "deno.json");
      if (!free && !others.some((other) => isIn(target, other))) {
        problems.push(`${file}: imports ${target}; ${place} may import ${others.join(", ") || "nothing"} and itself`);
      }
    }
  }
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) Deno.exit(1);
console.log("imports run one way");
