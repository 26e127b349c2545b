/**
 * The page in a real browser, as its tests use it.
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodePng } from "../images/png_decode.ts";
import { readPictureMetadata } from "../pipeline/metadata.ts";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { browserTest, type Page } from "./browser.ts";

/** What is painted. Few steps: what is compared does not get more telling by more. */
export const request: { prompt: string; seed: number; steps: number } = { prompt: "a red apple", seed: 7, steps: 4 };
/** Folder of the bundled model. */
export const model: string = fileURLToPath(new URL("../models/emoji", import.meta.url));
/** Where screenshots go, for eyes. */
const pictures = Deno.env.get("WUERSTCHEN_SCREENSHOTS");
const wanted = Deno.env.get("WUERSTCHEN_TEST_WEB") !== undefined;

/** Options of a test that takes a minute or more, so that `deno task test:web` alone runs it. */
export function slowTest(name: string): { name: string; ignore: boolean } {
  if (wanted) return browserTest(name);
  return { name: `${name} (skipped: it is slow, deno task test:web runs it)`, ignore: true };
}

/** Waits until an expression in the page is true. */
export async function until(page: Page, expression: string, { seconds = 600 } = {}): Promise<void> {
  for (const end = Date.now() + 1000 * seconds; Date.now() < end;) {
    if (await page.evaluate(expression)) return;
    assert.equal(await page.evaluate("document.querySelector('#status.failed')?.textContent"), undefined);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const said = await page.evaluate("document.getElementById('status')?.textContent");
  throw new Error(`not so within ${seconds} s: ${expression}; the page says ${JSON.stringify(said)}`);
}

/** Opens the page, and waits until it could paint. */
export async function visit(page: Page, url: string): Promise<void> {
  await page.send("Page.navigate", { url });
  await until(page, `location.href === ${JSON.stringify(url)} && document.readyState === "complete"`);
  await until(page, "!document.getElementById('paint').disabled");
}

/** Types the request, as hands do, and waits for the picture. */
export async function paint(page: Page, { steps = request.steps } = {}): Promise<Uint8Array> {
  await page.click("#prompt");
  await page.evaluate("document.getElementById('prompt').select()");
  await page.send("Input.insertText", { text: request.prompt });
  await page.evaluate(`(() => {
    for (const [id, value] of [["seed", ${request.seed}], ["steps", ${steps}]]) {
      const field = document.getElementById(id);
      field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  })()`);
  const before = await page.evaluate("document.querySelectorAll('#strip button').length");
  for (const type of ["keyDown", "keyUp"]) {
    await page.send("Input.dispatchKeyEvent", {
      type,
      key: "Enter",
      code: "Enter",
      windowsVirtualKeyCode: 13,
      text: "\r",
    });
  }
  await until(page, `document.querySelectorAll("#strip button").length > ${before}`);
  const base64 = await page.evaluate(`fetch(document.getElementById("picture").src).then((answer) => answer.bytes())
    .then((bytes) => bytes.toBase64())`);
  return Uint8Array.fromBase64(base64 as string);
}

/** Keeps a screenshot, where somebody wants to look at it. */
export async function shoot(page: Page, name: string): Promise<void> {
  if (pictures !== undefined) await Deno.writeFile(join(pictures, `${name}.png`), await page.screenshot());
}

/** Compares pictures of the page with what the native runtime paints. */
export async function assertAsNative(
  painteds: readonly Uint8Array[],
  { model: painter = model, steps, tolerance = 3 }: { model?: string; steps: number; tolerance?: number },
): Promise<void> {
  await using pipeline = await loadPipeline(painter, { hashWeights: false });
  const { prompt, seed } = request;
  const { images: [native] } = await pipeline.generate({ prompt, seed, priorSteps: steps });
  for (const painted of painteds) {
    const { width, height, data } = decodePng(painted);
    assert.deepEqual([width, height], [native!.width, native!.height]);
    const off = data.map((value, i) => Math.abs(value - native!.data[i]!));
    assert(Math.max(...off) <= tolerance, `off by ${Math.max(...off)} of 255`);
    assert.equal(readPictureMetadata(painted).options.seed, seed);
  }
}
