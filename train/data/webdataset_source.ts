/**
 * WebDataset: tar archives in which files of one sample share a name up to its first dot.
 * @module
 */
import { basename } from "node:path";
import { CheckpointError } from "../../errors.ts";
import { isPictureName } from "./picture.ts";
import type { CaptionPlace, SampleEntry } from "./sample.ts";
import type { Source } from "./source.ts";
import { readTarIndex, type TarEntry } from "./tar.ts";

/** A sample of a shard: numbers and one string, so that millions fit into memory. */
interface Row {
  readonly shard: number;
  readonly key: string;
  readonly image: TarEntry;
  readonly caption: { readonly entry: TarEntry; readonly format: "txt" | "json" } | undefined;
}

/** What a key's files are, as far as they are of use. */
interface Group {
  image?: TarEntry;
  txt?: TarEntry;
  json?: TarEntry;
}

/**
 * Indexes shards: a sample is a picture with the `.txt` or, without one, the `.json` (`caption` or `text`) of the same key.
 *
 * @throws {CheckpointError} where a shard is damaged or none has a picture
 */
export function openWebDataset(path: string, shards: readonly string[]): Source {
  const rows: Row[] = [];
  const lonelyCaptions: string[] = [];
  const ignoredFiles: string[] = [];
  for (const [shard, file] of shards.entries()) {
    const groups = new Map<string, Group>();
    for (const entry of readTarIndex(file)) {
      const { key, ending } = splitName(entry.name);
      if (key === "") continue;
      const group = groups.get(key) ?? {};
      groups.set(key, group);
      if (isPictureName(`.${ending}`)) group.image ??= entry;
      else if (ending === "txt" || ending === "json") group[ending] ??= entry;
      else ignoredFiles.push(`${basename(file)}: ${entry.name}`);
    }
    for (const [key, { image, txt, json }] of groups) {
      const entry = txt ?? json;
      const caption = entry && { entry, format: txt ? "txt" as const : "json" as const };
      if (image !== undefined) rows.push({ shard, key, image, caption });
      else if (entry !== undefined) lonelyCaptions.push(`${basename(file)}: ${entry.name}`);
    }
  }
  if (rows.length === 0) {
    throw new CheckpointError(`${path}: its archives hold no pictures (.png, .jpg, .webp or .npy)`);
  }
  const entry = (index: number): SampleEntry => {
    const { shard, key, image, caption } = rows[index]!;
    const range = ({ offset, length }: TarEntry) => ({ path: shards[shard]!, offset, length });
    const place: CaptionPlace | undefined = caption && { bytes: range(caption.entry), format: caption.format };
    return { id: `${basename(shards[shard]!)}: ${key}`, image: range(image), caption: place };
  };
  return {
    kind: "webdataset",
    path,
    length: rows.length,
    findings: { missingImages: [], lonelyCaptions, ignoredFiles },
    entry,
    async *entries() {
      for (let i = 0; i < rows.length; i++) yield entry(i);
    },
  };
}

/** Splits `a/b.cls.png` at the first dot of its last part: key `a/b`, ending `cls.png`. Hidden files have no key. */
function splitName(name: string): { key: string; ending: string } {
  const slash = name.lastIndexOf("/") + 1;
  const dot = name.indexOf(".", slash);
  if (dot < 0 || dot === slash) return { key: "", ending: "" };
  return { key: name.slice(0, dot).replace(/^\.\//, ""), ending: name.slice(dot + 1).toLowerCase() };
}
