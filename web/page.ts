/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The page: what is asked for goes to the worker, and what it says is shown.
 * @module
 */
import type { Order, Painted, PaintRequest, Ready, Report } from "./messages.ts";
import { Strip } from "./strip.ts";

/** Seeds that the dice throws: few digits, to be told to others. */
const seeds = 10_000;

/** Stages in the words of people. */
const stages: Readonly<Record<string, string>> = {
  "prior text": "Reading the prompt",
  prior: "Sketching",
  "decoder text": "Reading the prompt",
  decoder: "Painting",
  pixels: "Finishing",
};

function find<Kind extends Element>(id: string): Kind {
  return document.getElementById(id) as unknown as Kind;
}

const form = find<HTMLFormElement>("request");
const [prompt, seed, steps] = [
  find<HTMLTextAreaElement>("prompt"),
  find<HTMLInputElement>("seed"),
  find<HTMLInputElement>("steps"),
];
const [paintButton, stopButton] = [find<HTMLButtonElement>("paint"), find<HTMLButtonElement>("stop")];
const [preview, picture] = [find<HTMLCanvasElement>("preview"), find<HTMLImageElement>("picture")];
const [progress, status] = [find<HTMLProgressElement>("progress"), find<HTMLElement>("status")];
const download = find<HTMLAnchorElement>("download");

const build = document.querySelector<HTMLMetaElement>("meta[name=build]")!.content;
const wanted = new URLSearchParams(location.search).get("device");
const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
const send = (order: Order) => worker.postMessage(order);
const strip = new Strip(find("strip"), { choose: showPicture });

/** Says something to everybody, those who listen included; what is said already is not said again. */
function say(words: string, { failed = false } = {}): void {
  if (status.textContent !== words) status.textContent = words;
  status.classList.toggle("failed", failed);
}

function allow({ paint, stop }: { paint: boolean; stop: boolean }): void {
  paintButton.disabled = !paint;
  stopButton.disabled = !stop;
}

function showPicture({ url, prompt, seed, steps }: PaintRequest & { url: string }): void {
  picture.src = url;
  picture.alt = `${prompt}, seed ${seed}`;
  picture.hidden = false;
  preview.hidden = true;
  download.href = url;
  download.removeAttribute("aria-disabled");
  download.download = `${prompt.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60)}-${seed}-${steps}.png`;
}

function ready({ runsOn, notice, steps: usual, width, height }: Ready): void {
  steps.value = String(usual);
  showSteps();
  for (const element of [preview, picture]) Object.assign(element, { width, height });
  find("runs-on").textContent = `Runs on ${runsOn}${notice ? ` (${notice})` : ""}.`;
  progress.value = 0;
  if (!stopButton.disabled) return;
  allow({ paint: true, stop: false });
  say("Ready. The model is here, and stays for visits without a network.");
}

function painted({ png, seconds, ...request }: Painted): void {
  const url = URL.createObjectURL(new Blob([png], { type: "image/png" }));
  strip.add({ ...request, url });
  showPicture({ ...request, url });
  allow({ paint: true, stop: false });
  progress.value = 1;
  say(
    `Painted “${request.prompt}” with seed ${request.seed} in ${
      seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)
    } s.`,
  );
}

worker.addEventListener("message", ({ data: report }: MessageEvent<Report>) => {
  switch (report.type) {
    case "loading":
      progress.value = report.done / report.total;
      return say(`Loading ${Math.round(report.total / 1e6)} MB of model and program…`);
    case "ready":
      return ready(report);
    case "progress":
      progress.value = report.done / report.total;
      return say(`${stages[report.stage] ?? report.stage}…`);
    case "preview": {
      const { width, height, data } = report;
      Object.assign(preview, { width, height });
      preview.getContext("2d")!.putImageData(new ImageData(data, width, height), 0, 0);
      preview.hidden = false;
      picture.hidden = true;
      return;
    }
    case "painted":
      return painted(report);
    case "stopped":
      allow({ paint: true, stop: false });
      return say("Stopped.");
    case "failed":
      allow({ paint: true, stop: false });
      return say(report.message, { failed: true });
  }
});
worker.addEventListener("error", ({ message }) => {
  allow({ paint: false, stop: false });
  say(`This browser cannot run the page: it needs one of 2025 or newer${message ? ` (${message})` : ""}.`, {
    failed: true,
  });
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (paintButton.disabled) return;
  allow({ paint: false, stop: true });
  progress.value = 0;
  say("Reading the prompt…");
  document.querySelector("figure")!.scrollIntoView({ block: "nearest" });
  send({ type: "paint", prompt: prompt.value.trim(), seed: Number(seed.value), steps: Number(steps.value) });
});
stopButton.addEventListener("click", () => send({ type: "stop" }));
find("dice").addEventListener("click", () => {
  seed.value = String(crypto.getRandomValues(new Uint32Array(1))[0]! % seeds);
});
// A prompt is one line: Enter paints, as in other forms.
prompt.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

function showSteps(): void {
  find("steps-value").textContent = steps.value;
}
steps.addEventListener("input", showSteps);

find("ideas").addEventListener("click", ({ target }) => {
  if (!(target instanceof HTMLButtonElement)) return;
  prompt.value = target.textContent!;
  prompt.focus();
});

send({ type: "open", build, device: wanted === "webgpu" || wanted === "wasm" ? wanted : "auto" });
navigator.serviceWorker?.register(`service_worker.js?build=${build}`).catch(() => {
  // Without it the page works as long as there is a network.
});
