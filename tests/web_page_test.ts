/**
 * The page in a real browser, as WebAssembly.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { serveFolder } from "../tools/serve_folder.ts";
import { writeWebPage } from "../tools/web.ts";
import { withPage } from "./browser.ts";
import { inTempFolder } from "./in_temp_folder.ts";
import { assertAsNative, model, paint, request, shoot, slowTest, visit } from "./web_page.ts";

/** Sum of the layout shifts that nobody asked for, as browsers count them. */
const shifts = `new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(sum), 300);
})`;

/** What has no name for people who listen. */
const nameless =
  `[...document.querySelectorAll("button, input, textarea, a, img:not([hidden]), progress")].filter((node) =>
  !(node.textContent.trim() || node.getAttribute("aria-label") || node.alt || node.labels?.length)).map((node) => node.outerHTML)`;

/** Contrast of each text with what is behind it, below what WCAG asks for (4.5). */
const faint = `(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const light = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if (!/^rgba\\(.*, 0\\)$|transparent/.test(colour)) return colour;
    }
    return "white";
  };
  return [...document.querySelectorAll("h1, p, label, output, button, li, a, textarea, input:not([type=range]), h2")].filter((node) => {
    const [a, b] = [light(getComputedStyle(node).color), light(behind(node))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05) < 4.5;
  }).map((node) => node.outerHTML.slice(0, 80));
})()`;

Deno.test({
  ...slowTest("the page paints what the command line paints, on a laptop, a phone, and without a network"),
  async fn() {
    await inTempFolder(async (folder) => {
      const output = join(folder, "page");
      await writeWebPage(output, { model });
      const server = serveFolder(output);
      const url = `${server.url}?device=wasm`;
      await withPage(async (page) => {
        await page.resize(1280, { height: 900 });
        await visit(page, url);
        assert.deepEqual(await page.evaluate(nameless), []);
        assert.deepEqual(await page.evaluate(faint), []);
        await shoot(page, "laptop_ready");
        const png = await paint(page);
        await shoot(page, "laptop_painted");
        assert.equal(await page.evaluate("document.querySelector('#strip img').alt"), "a red apple, seed 7, 4 steps");
        assert.match(
          await page.evaluate("document.getElementById('download').download") as string,
          /^a-red-apple-7-4\.png$/,
        );
        const shifted = await page.evaluate(shifts) as number;
        assert(shifted < 0.02, `the layout shifts by ${shifted}`);
        await page.resize(390, { height: 844, scale: 2 });
        await shoot(page, "phone_painted");
        const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
        assert.equal(overflow, 0, "nothing is wider than a phone");
        await page.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: "dark" }] });
        assert.deepEqual(await page.evaluate(faint), []);
        await shoot(page, "phone_dark");
        await page.resize(1280, { height: 900 });

        // The second visit: no server is left, and WebAssembly has threads.
        await page.evaluate("navigator.serviceWorker.ready.then(() => true)");
        await server[Symbol.asyncDispose]();
        await visit(page, `${url}&again`);
        assert.equal(await page.evaluate("crossOriginIsolated"), true);
        const again = await paint(page);
        assert.deepEqual(page.errors, []);

        await assertAsNative([png, again], { steps: request.steps });
      });
    });
  },
});
