/**
 * Imports a module with its types still in it, from a file, in a program that cannot: a compiled one takes no TypeScript from outside, and
 * has no names for the packages inside of it.
 *
 * Every module is stripped of its types, its imports are replaced by addresses that can be imported, and the result is an address
 * itself: a `data:` URL. So nothing is written, and two files that import a third one share it.
 * @module
 */
import { dirname, extname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { PermissionError, PluginError } from "../errors.ts";

/** Where modules may lie. */
export interface ImportOptions {
  /** Folders: what lies elsewhere is not imported. */
  readonly roots: readonly string[];
}

/** Modules of this program that are imported by a name: those of the import map, and `zod`. */
const own = new Map([
  ...Object.entries(config.imports).filter(([, path]) => path.startsWith("./")).map(([name, path]) => {
    return [name, new URL(`../${path}`, import.meta.url).href] as const;
  }),
  ["zod", new URL("./zod.ts", import.meta.url).href] as const,
]);

/**
 * Imports a module and what it imports: files beside it, `wuerstchen` and its parts, `zod`, and `node:` modules.
 *
 * @param url `file:` address of the module
 * @throws {PermissionError} where a file lies outside of the roots
 * @throws {PluginError} where one is missing or is no module, or something is imported that only the source can
 */
export async function importFile(url: string, { roots }: ImportOptions): Promise<unknown> {
  // Settings may allow what is not there.
  const real = await Promise.all(roots.map((root) => Deno.realPath(root).catch(() => root)));
  const [{ transform }, { init, parse }] = await Promise.all([
    import("@swc/wasm-typescript"),
    import("es-module-lexer"),
  ]);
  await init;
  const graph = new ModuleGraph({ roots: real, transform, parse });
  return await import(await graph.address(new URL(url), []));
}

type Tools = {
  readonly roots: readonly string[];
  readonly transform: typeof import("@swc/wasm-typescript").transform;
  readonly parse: typeof import("es-module-lexer").parse;
};

/** Modules by their address on the disk, each made importable once. */
class ModuleGraph {
  readonly #tools: Tools;
  readonly #addresses = new Map<string, Promise<string>>();

  constructor(tools: Tools) {
    this.#tools = tools;
  }

  /**
   * The address under which a file can be imported.
   *
   * @param importers those that led to it, from the plugin on
   */
  address(url: URL, importers: readonly string[]): Promise<string> {
    const path = fileURLToPath(url);
    if (importers.includes(path)) {
      const circle = [...importers.slice(importers.indexOf(path)), path].map((each) => relative(dirname(path), each));
      throw new PluginError(`${circle.join(" imports ")}: a compiled program takes no modules that import each other`);
    }
    const found = this.#addresses.get(path) ?? this.#make(path, importers);
    this.#addresses.set(path, found);
    return found;
  }

  async #make(path: string, importers: readonly string[]): Promise<string> {
    const text = await this.#read(path, importers.at(-1));
    if (extname(path) === ".json") return dataUrl(`export default ${JSON.stringify(JSON.parse(text))};`);
    const code = /\.[cm]?ts$/.test(path) ? await this.#strip(path, text) : text;
    const [imports] = this.#tools.parse(code, path);
    let result = "";
    let end = 0;
    const replace = (from: number, to: number, by: string) => {
      result += code.slice(end, from) + by;
      end = to;
    };
    for (const found of imports) {
      if (found.type === "import-meta") replace(found.start, found.end, metaOf(path));
      else if (found.specifier) {
        const address = await this.#resolve(found.specifier, [...importers, path]);
        const [from, to] = found.type === "dynamic"
          ? [found.start, found.end]
          // With what stands behind it: JSON has become a module like any other.
          : [found.start - 1, found.attributes ? found.importEnd : found.end + 1];
        replace(from, to, JSON.stringify(address));
      }
    }
    return dataUrl(`${result}${code.slice(end)}\n//# sourceURL=file://${path}`);
  }

  /** What stands in the place of a specifier. */
  async #resolve(specifier: string, importers: readonly string[]): Promise<string> {
    const from = importers.at(-1)!;
    if (/^node:/.test(specifier)) return specifier;
    if (/^(\.{0,2}\/|file:)/.test(specifier)) {
      return await this.address(new URL(specifier, `file://${encodeURI(from)}`), importers);
    }
    const address = own.get(specifier);
    if (address !== undefined) return address;
    throw new PluginError(
      `${from} imports ${JSON.stringify(specifier)}: a compiled program has ${[...own.keys()].join(", ")} and files; ` +
        "for other packages and addresses run wuerstchen from its source",
    );
  }

  async #read(path: string, importer: string | undefined): Promise<string> {
    const real = await Deno.realPath(path).catch((cause) => {
      throw new PluginError(`${importer ?? path}: there is no file ${path}`, { cause });
    });
    const isInside = this.#tools.roots.some((root) => real.startsWith(root.endsWith("/") ? root : `${root}/`));
    if (!isInside) {
      throw new PermissionError(
        `${importer ?? path}: imports ${path}, which lies outside of ${this.#tools.roots.join(" and ")}: move it there`,
      );
    }
    return await Deno.readTextFile(real);
  }

  async #strip(path: string, text: string): Promise<string> {
    try {
      const { code } = await this.#tools.transform(text, { filename: path, mode: "transform" });
      return code;
    } catch (cause) {
      const { message, startLine, startColumn } = cause as Record<"message" | "startLine" | "startColumn", string>;
      throw new PluginError(`${path}:${startLine}:${startColumn}: ${message}`, { cause });
    }
  }
}

/** What `import.meta` says in a file that is run under another address. */
function metaOf(path: string): string {
  const url = `file://${encodeURI(path)}`;
  return `({ url: ${JSON.stringify(url)}, filename: ${JSON.stringify(path)}, dirname: ${
    JSON.stringify(dirname(path))
  }, main: false })`;
}

function dataUrl(code: string): string {
  return `data:text/javascript;base64,${new TextEncoder().encode(code).toBase64()}`;
}
