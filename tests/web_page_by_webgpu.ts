/**
 * The page by WebGPU. SwiftShader, which Chromium brings, stands in for a graphics card: it takes half a minute to compile the networks' 60
 * programs, so that tests of it lie in files of their own, which run side by side.
 * @module
 */
import { join } from "node:path";
import { serveFolder } from "../tools/serve_folder.ts";
import { writeWebPage } from "../tools/web.ts";
import { withPage } from "./browser.ts";
import { copy } from "./copy_folder.ts";
import { inTempFolder } from "./in_temp_folder.ts";
import { copyTinyModel } from "./tiny_model.ts";
import { model as bundled, paint, shoot, visit } from "./web_page.ts";

/** Steps of Stage C: the fewest that the page offers. */
export const steps = 2;

/** What a visit to a page came to that wants WebGPU. */
export interface Visit {
  /** What the page says that it runs on, when it opens and after each picture. */
  readonly runsOn: readonly string[];
  readonly pngs: readonly Uint8Array[];
}

/**
 * Visits the page of a model, and paints.
 *
 * @param options.count of pictures
 * @param options.fault a script that the worker runs first, to break the graphics card
 * @param options.name of a screenshot
 */
export async function visitByWebgpu(
  model: string,
  { count = 1, fault = "", name }: { count?: number; fault?: string; name?: string } = {},
): Promise<Visit> {
  const [runsOn, pngs]: [string[], Uint8Array[]] = [[], []];
  await inTempFolder(async (folder) => {
    const output = join(folder, "page");
    await writeWebPage(output, { model });
    const worker = join(output, "worker.js");
    await Deno.writeTextFile(worker, `{${fault}}${await Deno.readTextFile(worker)}`);
    await using server = serveFolder(output);
    await withPage(async (page) => {
      const listen = async () => {
        runsOn.push(await page.evaluate("document.getElementById('runs-on').textContent") as string);
      };
      await page.resize(1280, { height: 900 });
      await visit(page, `${server.url}?device=webgpu`);
      await listen();
      for (let i = 0; i < count; i++) {
        pngs.push(await paint(page, { steps }));
        await listen();
      }
      if (name !== undefined) await shoot(page, name);
    }, { webgpu: true });
  });
  return { runsOn, pngs };
}

/** Calls `use` with a copy of the bundled model that paints little: as much as has attention of more than 32 queries. */
export function withBundledModel(use: (model: string) => Promise<void>): Promise<void> {
  return inTempFolder(async (folder) => {
    const halves = ["prior", "decoder"];
    for (const half of halves) await copy(join(bundled, half), join(folder, half));
    await settle(halves.map((half) => join(folder, half)), { width: 96, height: 96 });
    await use(folder);
  });
}

/** Calls `use` with a copy of the tiny model that paints little. */
export function withTinyModel(use: (model: string) => Promise<void>): Promise<void> {
  return inTempFolder(async (folder) => {
    await settle(Object.values(await copyTinyModel(folder)), { width: 64, height: 64 });
    await use(folder);
  });
}

/** Gives a model its own defaults, which are what the page paints with. */
async function settle(halves: readonly string[], size: { width: number; height: number }): Promise<void> {
  const settings = { ...size, prior_guidance: 1, decoder_steps: 1 };
  for (const half of halves) await Deno.writeTextFile(join(half, "wuerstchen.json"), JSON.stringify(settings));
}
