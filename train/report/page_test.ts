import assert from "node:assert/strict";
import type { LogLine, StartLine } from "./log_line.ts";
import { reportPage } from "./page.ts";
import { runHistory } from "./run_history.ts";
import type { SamplePicture } from "./sample_pictures.ts";

const start: StartLine = {
  type: "start",
  time: "2026-02-03T14:05:00.000Z",
  version: "0.1.0",
  config: {},
  environment: {
    deno: "2.9.6",
    onnxruntime: "1.30.0",
    cpu: "<fast>",
    cores: 2,
    memory: 8 * 2 ** 30,
    platform: "linux",
  },
  parameters: { vqgan: 1_000_000, prior: 234_567 },
  samples: 6441,
};

const lines: LogLine[] = [
  start,
  { type: "phase", phase: "stageC", time: start.time, steps: 200, batch: 16, flops: 2e10, forecastSeconds: 90 },
  ...[50, 100].map((step): LogLine => ({
    type: "step",
    phase: "stageC",
    step,
    loss: 1 / step,
    metrics: { "<i>part": step },
    norm: 2,
    learningRate: 1e-4,
    seconds: step * 36,
    picturesPerSecond: 40,
    memory: 2 ** 30,
  })),
  {
    type: "sample",
    phase: "stageC",
    step: 100,
    file: "samples/100.png",
    prompts: ["<script>alert(1)</script>", "a & b"],
  },
];

function page({ more = [], pictures = [], missing = [], config = {}, unread = 0 }: {
  more?: LogLine[];
  pictures?: SamplePicture[];
  missing?: string[];
  config?: unknown;
  unread?: number;
} = {}): string {
  return reportPage({
    name: "<run>",
    history: runHistory([...lines, ...more]),
    pictures: new Map([["stageC", { pictures, missing }]]),
    config,
    written: "2026-02-03T15:00:00.000Z",
    unread,
  });
}

const picture: SamplePicture = {
  sample: lines.at(-1) as SamplePicture["sample"],
  source: "data:image/png;base64,AAAA",
  width: 8,
  height: 4,
};

/** The text of a page as a reader sees it. */
function textOf(html: string): string {
  return html
    .replace(/<style>.*?<\/style>/s, "")
    .replace(/<[^>]*>/g, " ")
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&")
    .replace(/\s+/g, " ");
}

Deno.test("the page says what was trained, when, how long, and with what", () => {
  const text = textOf(page());
  for (
    const wanted of [
      "Training report <run>",
      "Status not finished Stage C, step 100; last line 2026-02-03 15:00 UTC",
      "Started 2026-02-03 14:05 UTC in one go",
      "Time 1 h 00 min 1.00 hours",
      "Compute 2 TFLOP 2e12",
      "Parameters 1,234,567 in 2 networks",
      "Data 6,441 samples",
      "Stage C 100 / 200 16 0.01 40 1 h 00 min 2 TFLOP",
      "100 of 200 steps 16 pictures a step 1 h 00 min forecast 1 min 30 s 2 TFLOP, 556 MFLOP/s",
      "ONNX Runtime 1.30.0",
      "Processor <fast>, 2 cores",
      "Memory 8 GiB",
    ]
  ) assert(text.includes(wanted), `${wanted}\n${text}`);
});

Deno.test("text from captions, metrics, names and configuration stays text", () => {
  const evil = '<img src=x onerror="alert(1)">';
  const html = page({
    pictures: [picture],
    missing: [evil],
    config: { caption: evil, end: "</pre><script>" },
    more: [{ type: "unreadable", id: evil, reason: evil }, { type: "stop", reason: evil }],
  });
  assert.doesNotMatch(html, /<script|<img src=x|<i>|<run>|<fast>/);
  assert.equal(html.match(/<img /g)!.length, 1);
  assert.match(html, /<li><bdi>&lt;script&gt;alert\(1\)&lt;\/script&gt;<\/bdi><\/li><li><bdi>a &amp; b<\/bdi><\/li>/);
});

Deno.test("the page asks for nothing outside itself, and its policy would refuse it", () => {
  const html = page({ pictures: [picture, picture] });
  assert.match(
    html,
    /<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">/,
  );
  const addresses = [...html.matchAll(/\b(?:src|href|srcset|action|data)="([^"]*)"|url\(([^)]*)\)|@import/g)];
  assert(addresses.length >= 2);
  for (const [match, address] of addresses) assert.match(address ?? "", /^(data:|#)/, match);
  assert.doesNotMatch(html, /https?:/);
});

Deno.test("every element is closed", () => {
  const html = page({ pictures: [picture, picture], more: [{ type: "unreadable", id: "a", reason: "b" }], unread: 1 });
  const open: string[] = [];
  for (const [, end, name, own] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)\b(?:"[^"]*"|[^">])*?(\/?)>/g)) {
    if (own === "/" || ["meta", "img"].includes(name!)) continue;
    if (end === "") open.push(name!);
    else assert.equal(open.pop(), name);
  }
  assert.deepEqual(open, []);
});

Deno.test("a loss, its parts, norm, rate, throughput and memory have curves, and a phase without pictures no samples", () => {
  const html = page();
  const titles = [...html.matchAll(/<figcaption><b>([^<]*)<\/b>/g)].map(([, title]) => title);
  const wanted = ["Loss", "&lt;i&gt;part", "Gradient norm", "Learning rate", "Pictures a second", "Memory"];
  assert.deepEqual(titles, wanted);
  assert.doesNotMatch(html, /<h3>Samples/);
});

Deno.test("the last grid is large with its prompts, earlier ones are in a strip", () => {
  const earlier = {
    ...picture,
    sample: { ...picture.sample, step: 50, psnr: 31.456 },
    source: "data:image/webp;base64,BBBB",
  };
  const html = page({ pictures: [earlier, picture] });
  assert(html.indexOf("AAAA") < html.indexOf('<div class="strip">'));
  assert(html.indexOf('<div class="strip">') < html.indexOf("BBBB"));
  assert.match(html, /step 50 · 31\.46 dB PSNR/);
});

Deno.test("an end, a stop, lost lines and passed-over samples are said", () => {
  const many = Array.from(
    { length: 250 },
    (_, i): LogLine => ({ type: "unreadable", id: `${i}.png`, reason: "empty" }),
  );
  const text = textOf(page({ more: [...many, { type: "stop", reason: "interrupted" }], unread: 2 }));
  assert(text.includes("Status stopped: interrupted Stage C, step 100"), text);
  assert(text.includes("250 could not be read, of which the first 200 are listed"));
  assert(text.includes("199.png") && !text.includes("200.png"));
  assert(text.includes("2 lines of the log could not be read."));
  const end = { type: "end", time: "2026-02-03T16:00:00.000Z", seconds: 1, flops: 1 } as const;
  assert(textOf(page({ more: [end] })).includes("Status finished 2026-02-03 16:00 UTC"));
});

Deno.test("a log without any line is a page that says so", () => {
  const html = reportPage({
    name: "new",
    history: runHistory([]),
    pictures: new Map(),
    config: undefined,
    written: "2026-02-03T15:00:00.000Z",
    unread: 0,
  });
  assert(textOf(html).includes("No phase has begun yet."));
});
