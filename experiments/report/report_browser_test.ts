import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { browserTest, type Page, withPage } from "../../tests/browser.ts";
import { inTempFolder } from "../../tests/in_temp_folder.ts";
import { writeTinyRun } from "./_tiny_run.ts";
import { compareRuns } from "../compare_runs.ts";
import { readRun } from "../run_folder.ts";
import { writeComparison, writeExperimentReport } from "./write_report.ts";

/** What a page looks like. */
interface Look {
  readonly overflow: number;
  readonly images: number;
  readonly broken: number;
  /** Narrowest picture, in pixels of the page. */
  readonly narrowest: number;
  /** Smallest text that is seen. */
  readonly smallest: number;
  /** Whether a script of a prompt has run. */
  readonly hacked: boolean;
}

const look = `(() => {
  const images = [...document.images];
  const texts = [...document.querySelectorAll("th, td, figcaption, p, dd, svg text")].filter((node) => node.textContent.trim());
  const sizeOf = (node) => parseFloat(getComputedStyle(node).fontSize) *
    (node.ownerSVGElement ? node.ownerSVGElement.getBoundingClientRect().width / node.ownerSVGElement.viewBox.baseVal.width : 1);
  return {
    overflow: document.documentElement.scrollWidth - innerWidth,
    images: images.length,
    broken: images.filter((image) => !image.complete || image.naturalWidth === 0).length,
    narrowest: Math.min(...images.map((image) => image.getBoundingClientRect().width)),
    smallest: Math.min(...texts.map(sizeOf)),
    hacked: globalThis.hacked === true,
  };
})()`;

const evil = `</script><script>globalThis.hacked = true</script><img src=x onerror="globalThis.hacked = true">'"&`;

/** Checks that nothing of a page is broken, cut or too small, at laptop and phone width. */
async function checkLook(page: Page, file: string, { images }: { images: number }): Promise<void> {
  for (const width of [1280, 390]) {
    await page.resize(width);
    await page.open(file);
    const seen = await page.evaluate(look) as Look;
    assert.ok(seen.overflow <= 0, `at ${width} px the page is ${seen.overflow} px too wide`);
    assert.equal(seen.images, images);
    assert.equal(seen.broken, 0);
    assert.ok(seen.narrowest >= 96, `at ${width} px a picture is ${seen.narrowest} px wide`);
    assert.ok(seen.smallest >= 10, `at ${width} px there is text of ${seen.smallest} px`);
    assert.equal(seen.hacked, false);
    const shots = Deno.env.get("SCREENSHOTS");
    const name = `${basename(file, ".html")}-${width}.png`;
    if (shots !== undefined) await Deno.writeFile(join(shots, name), await page.screenshot());
  }
}

Deno.test({
  ...browserTest(
    "the report opens from a file: no errors, pictures load, it can be read at 1280 and 390 px, a click copies",
  ),
  fn: () =>
    inTempFolder(async (folder) => {
      await writeTinyRun(folder, { name: evil, prompt: evil, isUnfinished: true, steps: [1, 2, 4, 8, 16, 32] });
      const report = await writeExperimentReport(folder);
      await withPage(async (page) => {
        await checkLook(page, report, { images: 23 });
        await page.click(".grid [data-command]");
        const copied = await page.evaluate(`(async () => {
          for (let i = 0; i < 100 && !document.querySelector("#copied.shown"); i++) await new Promise((done) => setTimeout(done, 20));
          return document.querySelector("#copied").textContent;
        })()`) as string;
        assert.match(copied, /^Copied: wuerstchen run -o ddim1s1 --set model=emoji --set /);
        assert.deepEqual(page.errors, []);
      });
    }),
});

Deno.test({
  ...browserTest("the page of two runs opens from a file, and shows what they have in common side by side"),
  fn: () =>
    inTempFolder(async (folder) => {
      const [first, second, file] = ["a", "b", "comparison.html"].map((name) => join(folder, name));
      await writeTinyRun(first!, { prompt: evil, steps: [1, 4] });
      await writeTinyRun(second!, { prompt: "a hat", steps: [4, 16], psnr: 1.5 });
      const [a, b] = [await readRun(first!), await readRun(second!)];
      const all = { a, b, comparison: compareRuns(a, b), force: false };
      await writeComparison(file!, all);
      await assert.rejects(() => writeComparison(file!, all), /comparison\.html/);
      const html = await Deno.readTextFile(file!);
      for (const text of ["+1.50", "the second is better", "a hat"]) assert.ok(html.includes(text), text);
      await withPage(async (page) => {
        await checkLook(page, file!, { images: 8 });
        assert.deepEqual(page.errors, []);
      });
    }),
});
