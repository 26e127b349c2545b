import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodePng } from "../../images/png_encode.ts";
import { inTempFolder } from "../../tests/in_temp_folder.ts";
import { writeReport } from "./write_report.ts";

const png = encodePng({ width: 8, height: 8, channels: 3, data: new Uint8Array(192).fill(90) });

function stepLine(step: number): string {
  const rest = { norm: 1, learningRate: 1e-4, seconds: step, picturesPerSecond: 9, memory: 2 ** 30 };
  return JSON.stringify({ type: "step", phase: "stageB", step, loss: 1 / step, metrics: { part: 2 / step }, ...rest });
}

const sampleLine = JSON.stringify({ type: "sample", phase: "stageB", step: 10, file: "samples/10.png" });

Deno.test("writeReport() makes a page of log, configuration and samples, and says where it is", () =>
  inTempFolder(async (parent) => {
    const folder = join(parent, "my run");
    await mkdir(join(folder, "samples"), { recursive: true });
    await writeFile(join(folder, "samples", "10.png"), png);
    await writeFile(
      join(folder, "log.jsonl"),
      `${stepLine(5)}\n${stepLine(10)}\n${sampleLine}\n${stepLine(15).slice(0, 30)}`,
    );
    await writeFile(join(folder, "config.json"), '{"seed":77}');
    const path = await writeReport(`${folder}/`);
    assert.equal(path, join(folder, "report.html"));
    const html = await readFile(path, "utf8");
    assert.match(html, /<title>Training report: my run<\/title>/);
    assert(html.includes(png.toBase64()));
    assert.match(html, /&quot;seed&quot;: 77/);
    assert.match(html, /Stage B, step 10;/);
    assert.match(html, /1 line of the log could not be read/);
    assert.deepEqual((await readdir(folder)).sort(), ["config.json", "log.jsonl", "report.html", "samples"]);
  }));

Deno.test("writeReport() replaces an older report, and takes the configuration of the log where there is no other", () =>
  inTempFolder(async (folder) => {
    const environment = { deno: "2", onnxruntime: "1", cores: 2, memory: 8, platform: "linux" };
    const start = {
      type: "start",
      time: "2026-02-03T14:05:00.000Z",
      version: "1",
      environment,
      parameters: {},
      samples: 1,
    };
    await writeFile(join(folder, "report.html"), "old");
    await writeFile(join(folder, "log.jsonl"), `${JSON.stringify({ ...start, config: { seed: 88 } })}\n`);
    const html = await readFile(await writeReport(folder), "utf8");
    assert.match(html, /&quot;seed&quot;: 88/);
    await writeFile(join(folder, "config.json"), '{"seed": <torn');
    assert.match(await readFile(await writeReport(folder), "utf8"), /\{&quot;seed&quot;: &lt;torn/);
  }));

Deno.test("a log of 20,000 lines makes a page of a few hundred kilobytes", () =>
  inTempFolder(async (folder) => {
    const lines = Array.from({ length: 20_000 }, (_, i) => stepLine(10 * (i + 1)));
    await writeFile(join(folder, "log.jsonl"), lines.join("\n"));
    const { length } = await readFile(await writeReport(folder));
    assert(length < 300_000, `${length} bytes`);
  }));

Deno.test("a folder without a log is refused", () =>
  inTempFolder(async (folder) => {
    await assert.rejects(writeReport(folder), {
      name: "ConfigError",
      message: `${join(folder, "log.jsonl")}: Expected the log of a training but found no such file`,
    });
  }));
