import assert from "node:assert/strict";
import { fakeTerminal } from "../tests/fake_terminal.ts";
import { DownloadProgress } from "./_download_progress.ts";

const id = "org/model";
const files = [
  { path: "prior/a.safetensors", size: 4e9, here: 1e9 },
  { path: "config.json", size: 1e6, here: 0 },
];

Deno.test("a terminal shows a line for each file on its way and one of all, with the time left, and clears them", () => {
  const terminal = fakeTerminal({ columns: 100 });
  let time = 0;
  {
    using progress = new DownloadProgress({ terminal, now: () => time });
    progress.take({ type: "fetch", id, files });
    progress.take({ type: "progress", id, path: files[0]!.path, done: 0, total: 4e9 });
    time = 10_000;
    progress.take({ type: "progress", id, path: files[0]!.path, done: 1e9, total: 4e9 });
    progress.take({ type: "progress", id, path: files[1]!.path, done: 0, total: 1e6 });
    time = 20_000;
    progress.take({ type: "progress", id, path: files[0]!.path, done: 2e9, total: 4e9 });
    const shown = terminal.written.at(-1)!.split("\n");
    assert.match(shown[0]!, /^org\/model\/prior\/a\.safetensors +50 % {2}2\.0 GB of 4\.0 GB$/);
    assert.match(shown[1]!, /^org\/model\/config\.json +0 % {2}0 MB of 1 MB$/);
    // 1 GB was left by an earlier run, 1 GB came in 20 s: 2.001 GB are left.
    assert.match(shown[2]!, /^0 of 2 files +49 % {2}2\.0 GB of 4\.0 GB {2}50 MB\/s {2}40 s left$/);
  }
  assert.equal(terminal.written.at(-1), "\x1b[3A\r\x1b[J");
});

Deno.test("elsewhere each file is one line once it is there, and warnings are shown whatever is hidden", () => {
  const terminal = fakeTerminal({ isTerminal: false });
  let time = 0;
  const progress = new DownloadProgress({ terminal, now: () => time });
  progress.take({ type: "fetch", id, files });
  progress.take({ type: "progress", id, path: "config.json", done: 0, total: 1e6 });
  time = 2000;
  progress.take({ type: "progress", id, path: "config.json", done: 1e6, total: 1e6 });
  assert.deepEqual(terminal.written, ["fetched org/model/config.json: 1 MB in 2.0 s\n"]);
  const hidden = fakeTerminal({ isTerminal: false });
  const quiet = new DownloadProgress({ terminal: hidden, isHidden: true });
  quiet.take({ type: "progress", id, path: "config.json", done: 1e6, total: 1e6 });
  quiet.take({ type: "warning", message: "the hub is away" });
  assert.deepEqual(hidden.written, ["warning: the hub is away\n"]);
});
