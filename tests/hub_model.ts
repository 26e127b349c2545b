/** The tiny model of the fixtures on a fake hub: a decoder repository whose card names its prior. */
import { join, relative } from "node:path";
import type { FakeHub, RepositoryFiles } from "./fake_hub.ts";
import { tinyModel } from "./tiny_model.ts";

/** Names of the two repositories. */
export const hubModel = { decoder: "org/wuerstchen", prior: "org/wuerstchen-prior" } as const;

/** All files below a folder by their relative paths. */
export async function filesBelow(folder: string): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  async function visit(inner: string): Promise<void> {
    for await (const { name, isDirectory } of Deno.readDir(inner)) {
      const path = join(inner, name);
      if (isDirectory) await visit(path);
      else files[relative(folder, path).replaceAll("\\", "/")] = await Deno.readFile(path);
    }
  }
  await visit(folder);
  return files;
}

/** Adds both repositories with files that no model needs beside, and `extra` ones in the decoder's. */
export async function addHubModel(hub: FakeHub, extra: RepositoryFiles = {}): Promise<void> {
  const needless = { ".gitattributes": "*.safetensors filter=lfs", "image.png": "no picture" };
  hub.add(hubModel.prior, {
    ...await filesBelow(join(tinyModel, "wuerstchen-prior")),
    ...needless,
    "prior/diffusion_pytorch_model.bin": "a pickle",
    "README.md": "---\nlicense: mit\n---\n# A prior\n",
  });
  hub.add(hubModel.decoder, {
    ...await filesBelow(join(tinyModel, "wuerstchen")),
    ...needless,
    "README.md": `---\nlicense: mit\nprior:\n  - ${hubModel.prior}\n---\n# A decoder\n`,
    ...extra,
  });
}
