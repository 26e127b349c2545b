/**
 * What the page says when it cannot load, when it runs on little, and while it paints.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { serveFolder } from "../tools/serve_folder.ts";
import { writeWebPage } from "../tools/web.ts";
import { type Page, withPage } from "./browser.ts";
import { inTempFolder } from "./in_temp_folder.ts";
import { paint, slowTest, until } from "./web_page.ts";
import { steps, withTinyModel } from "./web_page_by_webgpu.ts";

/** Waits until the page has failed, and says what it says. */
async function failure(page: Page): Promise<unknown> {
  return await page.evaluate(`new Promise((resolve) => {
    const look = () => {
      const said = document.querySelector("#status.failed");
      if (said && !document.getElementById("paint").disabled) resolve(said.textContent);
      else setTimeout(look, 50);
    };
    look();
  })`);
}

/** Counts how often a preview comes into view. */
const countPreviews = `window.previews = 0;
  new MutationObserver(() => { if (!document.getElementById("preview").hidden) window.previews++; })
    .observe(document.getElementById("preview"), { attributeFilter: ["hidden"] });`;

Deno.test({
  ...slowTest("a model that cannot be fetched is one line, Paint tries again, and what the page runs on is said"),
  fn: () =>
    withTinyModel((model) =>
      inTempFolder(async (folder) => {
        const output = join(folder, "page");
        await writeWebPage(output, { model });
        const worker = join(output, "worker.js");
        const noWebgpu = `Object.defineProperty(navigator, "gpu", { value: undefined });`;
        await Deno.writeTextFile(worker, noWebgpu + await Deno.readTextFile(worker));
        const [list, away] = [join(output, "files.json"), join(folder, "files.json")];
        const { model: files } = JSON.parse(await Deno.readTextFile(list)) as { model: { path: string }[] };
        const weights = files.find(({ path }) => path.endsWith(".safetensors"))!.path;
        await using server = serveFolder(output);
        const line = (path: string) => `Cannot fetch ${server.url}${path}: the server says 404 (Paint tries again)`;
        await withPage(async (page) => {
          await Deno.rename(list, away);
          await page.send("Page.navigate", { url: server.url });
          await until(page, "document.readyState === 'complete' && location.protocol === 'http:'").catch(() => {});
          assert.equal(await failure(page), line("files.json"));

          await Deno.rename(away, list);
          await Deno.rename(join(output, weights), away);
          const press = `document.getElementById("status").textContent = "";
            document.getElementById("request").requestSubmit();`;
          await page.evaluate(press);
          assert.equal(await failure(page), line(weights));

          await Deno.rename(away, join(output, weights));
          await page.evaluate(countPreviews);
          await page.evaluate(press);
          await until(page, "document.querySelectorAll('#strip img').length > 0", { seconds: 60 });
          assert.equal(
            await page.evaluate("document.getElementById('runs-on').textContent"),
            "Runs on WebAssembly, 1 thread (this browser has no WebGPU; one thread until the page is loaded again: other " +
              "threads need its service worker, or the headers COOP and COEP).",
          );
          assert.ok(await page.evaluate("window.previews") as number > 0, "a preview is shown while it paints");
          await paint(page, { steps });
        });
      })
    ),
});
