/**
 * Makes the data set of the bundled model: emoji drawings with transparent background, and captions.
 *
 * Run with `deno task emoji-data [FOLDER] [--categories "Animals & Nature,Objects"|all]`; animals, plants, food and drink unless told,
 * which are what the bundled model is trained on. The drawings come from two npm packages with free licences, by Deno's npm client; librsvg (npm
 * sharp, used here alone) renders them. The result is the same bytes each time. The folder gets `flat/` and `shaded/`, `metadata.jsonl`
 * with a caption such as "red apple, flat" for each picture, and `NOTICE.md`. Backgrounds are laid under the drawings while training.
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ConfigError } from "../errors.ts";
import { encodePng } from "../images/png_encode.ts";
import {
  bundledCategories,
  categories,
  type Drawing,
  type IconSet,
  nameOf,
  selectDrawings,
  svgOf,
} from "./emoji_rule.ts";

/** An icon set on npm; the hash is that of its three JSON files. */
interface Package {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  /** Word of the captions, and name of the folder. */
  readonly style: string;
  readonly notice: string;
}

/** The first one also names the drawings of the others. */
const packages: readonly Package[] = [
  {
    name: "@iconify-json/noto",
    version: "1.2.9",
    sha256: "42f53091f2233485828940e62eb806b1b47c161c34091a060573378269d7dca5",
    style: "shaded",
    notice:
      "Noto Emoji (https://github.com/googlefonts/noto-emoji), copyright Google LLC, licensed under the Apache License, " +
      "Version 2.0 (https://www.apache.org/licenses/LICENSE-2.0). Rendered to 128 px; otherwise unchanged.",
  },
  {
    name: "@iconify-json/fluent-emoji-flat",
    version: "1.2.6",
    sha256: "733498028ad65fa19180ba356641dd90184abac88a8134f25611db6eb9a34506",
    style: "flat",
    notice:
      "Fluent Emoji Flat (https://github.com/microsoft/fluentui-emoji), MIT licence, copyright (c) Microsoft Corporation. " +
      "Rendered to 128 px; otherwise unchanged.",
  },
];

const renderer = "sharp@0.35.5";

/** Side of the pictures in pixels. */
const size = 128;

/** A drawing that covers less of its picture is a blank. */
const leastCover = 0.02;

/** What is used of sharp, whose types are not installed. */
type Sharp = (svg: Uint8Array) => {
  ensureAlpha(): { raw(): { toBuffer(): Promise<Uint8Array> } };
};

// Computed specifiers keep the packages, 60 MB in all, out of the project's own dependencies.
async function load(specifier: string): Promise<{ default: unknown }> {
  return await import(`npm:${specifier}`, specifier.endsWith(".json") ? { with: { type: "json" } } : {});
}

async function loadSet({ name, version, sha256 }: Package): Promise<IconSet> {
  const [icons, metadata, chars] = await Promise.all(
    ["icons", "metadata", "chars"].map(async (file) => (await load(`${name}@${version}/${file}.json`)).default),
  );
  const found = createHash("sha256").update(JSON.stringify([icons, metadata, chars])).digest("hex");
  if (found !== sha256) throw new Error(`${name}@${version}: its content has the hash ${found} and not ${sha256}`);
  return { icons, metadata, chars } as IconSet;
}

interface Rendered {
  readonly drawing: Drawing;
  readonly pixels: Uint8Array;
}

async function render(set: IconSet, drawings: readonly Drawing[]): Promise<Rendered[]> {
  const sharp = (await load(renderer)).default as Sharp;
  const { width, height, icons } = set.icons;
  return await Promise.all(drawings.map(async (drawing) => {
    const svg = svgOf(icons[drawing.icon]!, { size, width, height });
    const pixels = new Uint8Array(await sharp(new TextEncoder().encode(svg)).ensureAlpha().raw().toBuffer());
    // What nobody sees should not differ between machines.
    for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 3] === 0) pixels.fill(0, i, i + 3);
    return { drawing, pixels };
  }));
}

function coverOf(pixels: Uint8Array): number {
  return pixels.reduce((sum, value, i) => sum + (i % 4 === 3 ? value : 0), 0) / (255 * size * size);
}

/** Reads `--categories`: names of categories, or `all`. */
function wantedCategories(text: string | undefined): readonly string[] {
  if (text === undefined) return bundledCategories;
  if (text === "all") return categories;
  const wanted = text.split(",").map((name) => name.trim());
  const unknown = wanted.find((name) => !(categories as readonly string[]).includes(name));
  if (unknown === undefined) return wanted;
  throw new ConfigError(`Expected --categories to be all, or out of ${categories.join(", ")}, but found "${unknown}"`);
}

async function main(folder: string, { wanted }: { wanted: readonly string[] }): Promise<void> {
  const names = new Map<string, string>();
  const lines: string[] = [];
  for (const part of packages) {
    const set = await loadSet(part);
    const drawings = selectDrawings(set, { wanted });
    const seen = new Set<string>();
    await Deno.mkdir(join(folder, part.style), { recursive: true });
    let kept = 0;
    for (const { drawing, pixels } of await render(set, drawings)) {
      const digest = createHash("sha256").update(pixels).digest("base64");
      if (seen.has(digest) || coverOf(pixels) < leastCover) continue;
      seen.add(digest);
      // The same emoji has the same name in every style.
      const name = names.get(drawing.codePoints) ?? nameOf(drawing.icon);
      names.set(drawing.codePoints, name);
      const file = `${part.style}/${drawing.icon}.png`;
      const png = encodePng({ width: size, height: size, channels: 4, data: pixels }, { level: 9 });
      await Deno.writeFile(join(folder, file), png);
      const { category, codePoints } = drawing;
      lines.push(
        JSON.stringify({
          file_name: file,
          text: `${name}, ${part.style}`,
          name,
          style: part.style,
          category,
          codePoints,
        }),
      );
      kept++;
    }
    console.error(`${part.style}: ${kept} of ${drawings.length} selected drawings, from ${part.name}@${part.version}`);
  }
  await Deno.writeTextFile(join(folder, "metadata.jsonl"), `${lines.join("\n")}\n`);
  const notices = packages.map(({ style, notice }) => `- \`${style}/\`: ${notice}`);
  await Deno.writeTextFile(join(folder, "NOTICE.md"), `# Where the drawings come from\n\n${notices.join("\n")}\n`);
  console.log(folder);
}

if (import.meta.main) {
  const { positionals: [folder = "out/emoji"], values } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: { categories: { type: "string" } },
  });
  await main(folder, { wanted: wantedCategories(values.categories) });
}
