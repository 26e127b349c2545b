/**
 * Paints, beside the page: the page stays alive while networks run.
 * @module
 */
import { loadPortable, type PortablePipeline } from "../pipeline/portable_pipeline.ts";
import type { GenerateEvent } from "../pipeline/types.ts";
import { allowedThreads, type BrowserDevice, browserRuntime, findWebgpu, libraries } from "./browser_runtime.ts";
import { fetchFiles, type ListedFile } from "./fetch_files.ts";
import type { Order, PaintRequest, Report } from "./messages.ts";

/** Folder of the page. */
const base = new URL(".", import.meta.url);

/** What `files.json` says: the files of the model, and those of ONNX Runtime. */
interface FileList {
  readonly model: readonly ListedFile[];
  readonly libraries: readonly ListedFile[];
}

/** Share of the time that previews may take. */
const previewShare = 0.15;

interface Opened {
  readonly pipeline: PortablePipeline;
  readonly device: BrowserDevice;
}

let opened: Opened | undefined;
let build = "";
let wanted: "auto" | BrowserDevice = "auto";
let running: AbortController | undefined;

const report = (message: Report, transfer: Transferable[] = []) => postMessage(message, { transfer });

/** Opens the model on the device that is wanted; what fails may be tried again. */
async function open(): Promise<Opened> {
  try {
    const { found, reason } = wanted === "auto" ? await findWebgpu() : { found: wanted === "webgpu" };
    return await openOn(found ? "webgpu" : "wasm", reason);
  } catch (error) {
    throw new Error(`${wordsOf(error)} (Paint tries again)`, { cause: error });
  }
}

async function readList(): Promise<FileList> {
  const url = new URL("files.json", base);
  try {
    const response = await fetch(url);
    if (response.ok) return await response.json();
    throw new Error(`the server says ${response.status}`);
  } catch (cause) {
    throw new Error(`Cannot fetch ${url}: ${wordsOf(cause)}`, { cause });
  }
}

/** Opens the model on a device. */
async function openOn(device: BrowserDevice, reason?: string): Promise<Opened> {
  const list = await readList();
  const library = list.libraries.find(({ path }) => path === `ort/${libraries[device]}.wasm`)!;
  const files = await fetchFiles([...list.model, library], {
    base,
    build,
    onProgress: (done, total) => report({ type: "loading", done, total }),
  });
  const model = list.model.map(({ path }) => [path.replace(/^model\//, ""), files.get(path)!]);
  const binary = await files.get(library.path)!.arrayBuffer();
  const threads = allowedThreads();
  const load = (onProcessor: boolean) => {
    const runtime = browserRuntime(device, { files: new URL("ort/", base), binary, onProcessor });
    return loadPortable(Object.fromEntries(model), { name: "emoji", runtime, threads, keepLoaded: true });
  };
  const pipeline = await load(false);
  if (device === "webgpu") {
    const fault = await faultOf(pipeline, () => load(true));
    if (fault !== undefined) {
      await pipeline[Symbol.asyncDispose]();
      return await openOn("wasm", fault);
    }
  }
  opened = { pipeline, device };
  const { priorSteps, width, height } = pipeline.defaults;
  const alone = threads === 1 && navigator.hardwareConcurrency > 1
    ? "one thread until the page is loaded again: other threads need its service worker, or the headers COOP and COEP"
    : undefined;
  const notices = [reason, device === "wasm" ? alone : undefined].filter((notice) => notice !== undefined);
  const runsOn = device === "webgpu" ? "WebGPU" : `WebAssembly, ${threads === 1 ? "1 thread" : `${threads} threads`}`;
  report({ type: "ready", runsOn, notice: notices.join("; ") || undefined, steps: priorSteps, width, height });
  return opened;
}

/** Largest root of the mean square by which a picture may be off, of 255: 42 dB. */
const mostOff = 2;

/**
 * What is wrong with a pipeline on WebGPU, if anything: it fails, or does not paint what the processor paints. Libraries and drivers of
 * graphics cards have faults that show in nothing but the picture.
 */
async function faultOf(
  pipeline: PortablePipeline,
  openProcessor: () => Promise<PortablePipeline>,
): Promise<string | undefined> {
  const request = { prompt: "a red apple", seed: 1, priorSteps: 1, decoderSteps: 1 };
  const paintOn = async (pipeline: PortablePipeline) => (await pipeline.generate(request)).images[0]!.data;
  try {
    const found = await paintOn(pipeline);
    await using processor = await openProcessor();
    const expected = await paintOn(processor);
    const squares = found.reduce((sum, value, i) => sum + (value - expected[i]!) ** 2, 0);
    const off = Math.sqrt(squares / found.length);
    return off <= mostOff ? undefined : "WebGPU computes other numbers than the processor here";
  } catch (error) {
    return `WebGPU failed (${wordsOf(error)})`;
  }
}

async function paint(request: PaintRequest, { pipeline }: Opened): Promise<void> {
  const start = performance.now();
  const { prompt, seed, steps } = request;
  running = new AbortController();
  try {
    const run = pipeline.generate({ prompt, seed, priorSteps: steps, signal: running.signal });
    const previews = { spent: 0, start };
    let [done, total] = [0, 1];
    for await (const event of run) {
      if (event.type === "plan") total = event.stages.reduce((sum, { total }) => sum + total, 0);
      if (event.type !== "step") continue;
      report({ type: "progress", stage: event.stage, done: ++done, total });
      await showPreview(event, previews);
    }
    const { images: [image] } = await run;
    const png = await image!.png() as Uint8Array<ArrayBuffer>;
    report({ type: "painted", prompt, seed, steps, png, seconds: (performance.now() - start) / 1000 }, [png.buffer]);
  } finally {
    running = undefined;
  }
}

/** Paints what a step looks like, unless that would hold the picture up. */
async function showPreview(
  event: GenerateEvent & { type: "step" },
  times: { spent: number; readonly start: number },
): Promise<void> {
  const before = performance.now();
  if (!event.preview || times.spent > previewShare * (before - times.start)) return;
  const { width, height, channels, data } = await event.preview();
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let c = 0; c < 3; c++) rgba[pixel * 4 + c] = data[pixel * channels + (channels < 3 ? 0 : c)]!;
  }
  times.spent += performance.now() - before;
  report({ type: "preview", width, height, data: rgba }, [rgba.buffer]);
}

/** Paints, with a model that is opened first where that has failed; where WebGPU fails, WebAssembly takes its place, and the page is told. */
async function paintSafely(request: PaintRequest): Promise<void> {
  const on = opened ?? await open();
  try {
    await paint(request, on);
  } catch (error) {
    if (on.device !== "webgpu" || (error as Error).name === "AbortError") throw error;
    await paint(request, await openOn("wasm", `WebGPU failed (${wordsOf(error)})`));
  }
}

const wordsOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).split("\n")[0]!;

addEventListener("message", async ({ data: order }: MessageEvent<Order>) => {
  try {
    if (order.type === "stop") return running?.abort();
    if (order.type === "paint") return await paintSafely(order);
    [build, wanted] = [order.build, order.device];
    await open();
  } catch (error) {
    const stopped = error instanceof DOMException && error.name === "AbortError";
    report(stopped ? { type: "stopped" } : { type: "failed", message: wordsOf(error) });
  }
});
