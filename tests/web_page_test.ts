/**
 * The page in a real browser. It takes a minute or more, so that `deno task test:web` alone runs it.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodePng } from "../images/png_decode.ts";
import { readPictureMetadata } from "../pipeline/metadata.ts";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { serveFolder } from "../tools/serve_folder.ts";
import { writeWebPage } from "../tools/web.ts";
import { browserTest, type Page, withPage } from "./browser.ts";
import { copy } from "./copy_folder.ts";
import { inTempFolder } from "./in_temp_folder.ts";
import { copyTinyModel } from "./tiny_model.ts";

/** Few steps: what is compared does not get more telling by more. */
const request = { prompt: "a red apple", seed: 7, steps: 4 };
const model = fileURLToPath(new URL("../models/emoji", import.meta.url));
/** As many as the page offers at least, where a simulated graphics card paints. */
const few = 2;
/** Where screenshots go, for eyes. */
const pictures = Deno.env.get("WUERSTCHEN_SCREENSHOTS");
const wanted = Deno.env.get("WUERSTCHEN_TEST_WEB") !== undefined;

function slowTest(name: string): { name: string; ignore: boolean } {
  if (wanted) return browserTest(name);
  return { name: `${name} (skipped: it is slow, deno task test:web runs it)`, ignore: true };
}

/** Waits until an expression in the page is true. */
async function until(page: Page, expression: string, { seconds = 600 } = {}): Promise<void> {
  for (const end = Date.now() + 1000 * seconds; Date.now() < end;) {
    if (await page.evaluate(expression)) return;
    assert.equal(await page.evaluate("document.querySelector('#status.failed')?.textContent"), undefined);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const said = await page.evaluate("document.getElementById('status')?.textContent");
  throw new Error(`not so within ${seconds} s: ${expression}; the page says ${JSON.stringify(said)}`);
}

async function visit(page: Page, url: string): Promise<void> {
  await page.send("Page.navigate", { url });
  await until(page, `location.href === ${JSON.stringify(url)} && document.readyState === "complete"`);
  await until(page, "!document.getElementById('paint').disabled");
}

/** Types the request, as hands do, and waits for the picture. */
async function paint(page: Page, { steps = request.steps } = {}): Promise<Uint8Array> {
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

async function shoot(page: Page, name: string): Promise<void> {
  if (pictures !== undefined) await Deno.writeFile(join(pictures, `${name}.png`), await page.screenshot());
}

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

/** Compares pictures of the page with what the native runtime paints. */
async function assertAsNative(
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

/** What a visit to a page came to that wants WebGPU. */
interface Visit {
  /** What the page says that it runs on, when it opens and after each picture. */
  readonly runsOn: readonly string[];
  readonly pngs: readonly Uint8Array[];
}

/**
 * Visits the page of a model, and paints; SwiftShader, which Chromium brings, stands in for a graphics card.
 *
 * @param options.fault a script that the worker runs first, to break the graphics card
 * @param options.name of a screenshot
 */
async function visitByWebgpu(
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
        pngs.push(await paint(page, { steps: few }));
        await listen();
      }
      if (name !== undefined) await shoot(page, name);
    }, { webgpu: true });
  });
  return { runsOn, pngs };
}

/** Calls `use` with a copy of a model that paints in few steps: SwiftShader takes seconds for each. */
async function withFewSteps(
  copyTo: (folder: string) => Promise<{ prior: string; decoder: string }>,
  settings: object,
  use: (model: string) => Promise<void>,
): Promise<void> {
  await inTempFolder(async (folder) => {
    for (const half of Object.values(await copyTo(folder))) {
      await Deno.writeTextFile(join(half, "wuerstchen.json"), JSON.stringify({ ...settings, decoder_steps: 1 }));
    }
    await use(folder);
  });
}

async function copyBundled(folder: string): Promise<{ prior: string; decoder: string }> {
  const [prior, decoder] = [join(folder, "prior"), join(folder, "decoder")];
  await copy(join(model, "prior"), prior);
  await copy(join(model, "decoder"), decoder);
  return { prior, decoder };
}

const withBundledModel = (use: (model: string) => Promise<void>) =>
  withFewSteps(copyBundled, { width: 128, height: 128, prior_guidance: 2.5 }, use);

const withTinyModel = (use: (model: string) => Promise<void>) =>
  withFewSteps(copyTinyModel, { width: 64, height: 64, prior_guidance: 1 }, use);

Deno.test({
  ...slowTest("by WebGPU the page paints what the command line paints"),
  fn: () =>
    withBundledModel(async (model) => {
      const { runsOn, pngs } = await visitByWebgpu(model, { name: "webgpu_painted" });
      for (const words of runsOn) assert.equal(words, "Runs on WebGPU.");
      await assertAsNative(pngs, { model, steps: few });
    }),
});

Deno.test({
  ...slowTest(
    "the tiny networks paint by WebGPU what the command line paints, and as WebAssembly once the graphics card is lost",
  ),
  fn: () =>
    withTinyModel(async (model) => {
      const lost = `const { requestDevice } = GPUAdapter.prototype;
        GPUAdapter.prototype.requestDevice = async function (...options) {
          const device = await requestDevice.apply(this, options);
          let orders = 0;
          addEventListener("message", ({ data }) => data.type === "paint" && orders++ > 0 && device.destroy());
          return device;
        };`;
      const { runsOn: [first, second, third], pngs } = await visitByWebgpu(model, { count: 2, fault: lost });
      assert.deepEqual([first, second], ["Runs on WebGPU.", "Runs on WebGPU."]);
      assert.match(third!, /^Runs on WebAssembly, .*\(WebGPU failed \(/);
      await assertAsNative(pngs, { model, steps: few });
    }),
});

/** What can be wrong with a graphics card from the start, and what the page says then. */
const faults: Readonly<Record<string, { fault: string; said: RegExp }>> = {
  "computes other numbers": {
    fault: `const { createShaderModule } = GPUDevice.prototype;
      GPUDevice.prototype.createShaderModule = function ({ code, ...more }) {
        return createShaderModule.call(this, { ...more, code: code.replace(/fn main\\([^{]*\\{/, "$& return;") });
      };`,
    said: /^Runs on WebAssembly, .*\(WebGPU computes other numbers than the processor here/,
  },
  "cannot be had": {
    fault: `GPUAdapter.prototype.requestDevice = () => Promise.reject(new Error("no more devices"));`,
    said: /^Runs on WebAssembly, .*\(WebGPU failed \(no more devices\)/,
  },
};

for (const [what, { fault, said }] of Object.entries(faults)) {
  Deno.test({
    ...slowTest(`a graphics card that ${what} gives way to WebAssembly, and the page says why`),
    fn: () =>
      withTinyModel(async (model) => {
        const { runsOn, pngs } = await visitByWebgpu(model, { fault });
        for (const words of runsOn) assert.match(words, said);
        await assertAsNative(pngs, { model, steps: few });
      }),
  });
}
