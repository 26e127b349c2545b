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
  text: ["tensor", "weights"],
  images: ["tensor", "files"],
  weights: ["files", "onnx", "tensor"],
  hub: ["files", "weights"],
  runtime: ["files", "tensor"],
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
  bench: [...library, "train", "cli"],
};

/** The one file that may import ONNX Runtime. */
const runtimeFile = join("runtime", "session.ts");

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
      if (/^(npm:)?onnxruntime/.test(specifier) && file !== runtimeFile && folder !== "bench") {
        problems.push(`${file}: imports ${specifier}; only ${runtimeFile} may`);
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
