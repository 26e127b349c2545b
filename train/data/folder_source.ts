/**
 * A folder of pictures with captions beside them or in tables.
 * @module
 */
import { resolve } from "node:path";
import { folderOf, picturePath, readCaptionTable } from "./caption_table.ts";
import type { FolderListing } from "./folder_listing.ts";
import type { CaptionPlace, SampleEntry } from "./sample.ts";
import type { Source } from "./source.ts";

/**
 * Indexes a folder of pictures. The caption of `a/b.png` is what a caption table says, else the text of `a/b.txt`.
 *
 * A table is a `.jsonl` or `.csv` file whose rows have `file_name`, relative to the table's own folder. A picture that tables name
 * several times is as many samples. A table row whose picture is not there is a finding, as is a `.txt` file beside no picture.
 *
 * @throws {CheckpointError} where a table cannot be read
 */
export async function openFolder(path: string, listing: FolderListing): Promise<Source> {
  const { pictures } = listing;
  const captions = new Map<string, CaptionPlace[]>();
  const missingImages: string[] = [];
  const ignoredFiles = [...listing.others, ...listing.tars, ...listing.parquets];
  const known = new Set(pictures);
  for (const table of listing.tables) {
    const rows = await readCaptionTable(resolve(path, table));
    if (rows === undefined) {
      ignoredFiles.push(table);
      continue;
    }
    for (const { line, fileName, caption } of rows) {
      const picture = picturePath(fileName, folderOf(table));
      if (picture === undefined || !known.has(picture)) missingImages.push(`${table} line ${line}: ${fileName}`);
      else if (caption !== undefined) captions.set(picture, [...captions.get(picture) ?? [], { text: caption }]);
    }
  }
  const stems = new Map(listing.texts.map((text) => [text.slice(0, -".txt".length), text]));
  const lonely = new Set(listing.texts);
  const samples: { readonly picture: string; readonly copy: number; readonly caption: CaptionPlace | undefined }[] = [];
  for (const picture of pictures) {
    const text = stems.get(picture.slice(0, picture.lastIndexOf(".")));
    if (text !== undefined) lonely.delete(text);
    const beside: CaptionPlace | undefined = text === undefined
      ? undefined
      : { bytes: { path: resolve(path, text) }, format: "txt" };
    const all = captions.get(picture) ?? [beside];
    for (const [copy, caption] of all.entries()) samples.push({ picture, copy, caption });
  }
  const entry = (index: number): SampleEntry => {
    const { picture, copy, caption } = samples[index]!;
    return {
      id: copy === 0 ? picture : `${picture} (caption ${copy + 1})`,
      image: { path: resolve(path, picture) },
      caption,
    };
  };
  return {
    kind: "folder",
    path,
    length: samples.length,
    findings: { missingImages, lonelyCaptions: [...lonely], ignoredFiles: ignoredFiles.sort() },
    entry,
    async *entries() {
      for (let i = 0; i < samples.length; i++) yield entry(i);
    },
  };
}
