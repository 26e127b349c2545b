import assert from "node:assert/strict";
import { join } from "node:path";
import { cellCommand } from "../experiments/cell_command.ts";
import { readRun } from "../experiments/run_folder.ts";
import { commandLine } from "../tests/command_line.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyModel } from "../tests/tiny_model.ts";
import { main as runCommand } from "./main.ts";

const decoder = new TextDecoder();

/** Four pictures of 64 px of the random model, and two to compare them with. */
const study = `{
  // for tests
  "model": ${JSON.stringify(tinyModel)},
  "width": 64, "height": 64, "decoderSteps": 1, "prompt": "a fox", "seeds": "1-2",
  "sweep": { "grid": { "priorSteps": [1, 2] } },
  "metrics": ["psnr"],
  "reference": { "priorSteps": 3 },
}`;

function start(args: readonly string[], { cwd }: { cwd: string }): Deno.ChildProcess {
  const [command, ...first] = commandLine();
  const options = { cwd, env: { NO_COLOR: "1" }, stdin: "null", stdout: "piped", stderr: "piped" } as const;
  return new Deno.Command(command, { args: [...first, ...args], ...options }).spawn();
}

async function run(args: readonly string[], { cwd }: { cwd: string }) {
  const { code, stdout, stderr } = await start(args, { cwd }).output();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** Runs the study with `--jsonl`, and calls `act` at each line. */
async function follow(
  args: readonly string[],
  { cwd, act }: { cwd: string; act: (event: { type: string; done?: number }, child: Deno.ChildProcess) => unknown },
) {
  const child = start([...args, "--jsonl"], { cwd });
  const err = new Response(child.stderr).text();
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) await act(JSON.parse(line), child);
  }
  return { code: (await child.status).code, err: await err };
}

/** Runs a command that fails in this process, which is quicker. */
async function runHere(args: readonly string[]): Promise<{ code: number; err: string }> {
  const { error } = console;
  let err = "";
  console.error = (text: string) => void (err += `${text}\n`);
  try {
    const code = await runCommand(args);
    return { code, err };
  } finally {
    console.error = error;
  }
}

const imagesIn = (...path: string[]) => [...Deno.readDirSync(join(...path, "images"))].map(({ name }) => name).sort();

/** sha256 of every picture, by its name. */
async function shasOf(folder: string): Promise<Record<string, string>> {
  const { results } = await readRun(folder);
  return Object.fromEntries([...results.pictures.values()].map(({ id, sha256 }) => [id, sha256]).sort());
}

Deno.test("a run that is killed with SIGKILL, and one that is interrupted, go on where they were, to the same pictures", () =>
  inTempFolder(async (cwd) => {
    await Deno.writeTextFile(join(cwd, "study.jsonc"), study);
    const args = ["run", "study.jsonc", "-o", "run"];
    const second: { code?: number; err?: string } = {};
    const killed = await follow(args, {
      cwd,
      act: async (event, child) => {
        if (event.type !== "picture" || second.code !== undefined) return;
        // Stopped, it neither goes on nor gives its folder back.
        child.kill("SIGSTOP");
        Object.assign(second, await runHere(["run", join(cwd, "study.jsonc"), "-o", join(cwd, "run")]));
        child.kill("SIGKILL");
      },
    });
    assert.notEqual(killed.code, 0);
    assert.deepEqual(
      [second.code, /another experiment is running in this folder/.test(second.err!)],
      [2, true],
      second.err,
    );
    const before = Object.keys(await shasOf(join(cwd, "run"))).length;
    assert.ok(before >= 1 && before < 6);

    let finished = -1;
    const interrupted = await follow(args, {
      cwd,
      act: (event, child) => {
        if (event.type !== "start") return;
        finished = (event as unknown as { finished: number }).finished;
        child.kill("SIGINT");
      },
    });
    assert.equal(finished, before, "nothing finished is lost");
    assert.equal(interrupted.code, 130, interrupted.err);
    assert.match(interrupted.err, /error: interrupted: \d of 6 pictures are finished; start again to go on\n$/);

    const last = await run([...args, "--json"], { cwd });
    assert.equal(last.code, 0, last.err);
    assert.deepEqual(JSON.parse(last.out).pictures, 6);
    const whole = await run(["run", "study.jsonc", "-o", "whole", "-q"], { cwd });
    assert.equal(whole.out, `${join("whole", "report.html")}\n`);
    assert.deepEqual(await shasOf(join(cwd, "run")), await shasOf(join(cwd, "whole")));
    const { results, plan } = await readRun(join(cwd, "whole"));
    assert.equal(results.measures.size, 4);

    const lines = await Deno.readTextFile(join(cwd, "whole", "results.jsonl"));
    assert.equal((await run(["run", "study.jsonc", "-o", "whole"], { cwd })).code, 0);
    assert.equal(
      await Deno.readTextFile(join(cwd, "whole", "results.jsonl")),
      lines,
      "what is finished is not done again",
    );

    const [command, ...words] = commandLine();
    const program = [command, ...words].map((word) => `'${word}'`).join(" ");
    const cell = plan.cells[3]!;
    const script = `wuerstchen() { ${program} "$@"; }\n${cellCommand(cell)}`;
    const again = await new Deno.Command("sh", { args: ["-c", script], cwd }).output();
    assert.equal(again.code, 0, decoder.decode(again.stderr));
    assert.deepEqual(imagesIn(cwd, cell.id), [`${cell.id}.png`]);
    assert.equal((await shasOf(join(cwd, cell.id)))[cell.id], results.pictures.get(cell.id)!.sha256);

    const compared = await run(["compare", "run", "whole"], { cwd });
    assert.match(compared.out, /^4 cells in both \(4 with equal pictures\), 0 only in run, 0 only in whole\n/);
    assert.match(compared.out, /^psnr \(dB\) .* {2}0\.00$/m);
  }));

Deno.test("--dry-run counts pictures, time, memory and operations, and writes nothing; config show resolves, config schema explains", () =>
  inTempFolder(async (cwd) => {
    await Deno.writeTextFile(join(cwd, "study.jsonc"), study);
    const { out, err } = await run(["run", "study.jsonc", "--dry-run", "--json"], { cwd });
    const { cells, pictures, finished, seconds, memory, flops } = JSON.parse(out || err);
    assert.deepEqual([cells, pictures, finished], [4, 6, 0]);
    assert.ok(seconds > 0 && memory > 1e8 && flops > 1e6);
    assert.deepEqual([...Deno.readDirSync(cwd)].map(({ name }) => name), ["study.jsonc"]);
    const shown = JSON.parse((await run(["config", "show", "study.jsonc", "--set", "seeds=[3]"], { cwd })).out);
    assert.deepEqual([shown.seeds, shown.priorSteps, shown.repeats, shown.average], [[3], undefined, 1, ["prompt"]]);
    const schema = JSON.parse((await run(["config", "schema"], { cwd })).out);
    assert.match(schema.properties.sweep.description, /Settings that change/);
    assert.equal(schema.additionalProperties, false);
  }));

Deno.test("bad experiments are one line and exit code 2, before anything is built", () =>
  inTempFolder(async (cwd) => {
    const bomb = Array.from({ length: 9 }, (_, i) => `a${i}: &a${i} [${Array(10).fill(i ? `*a${i - 1}` : "x")}]\n`)
      .join("");
    const grid = '{ "from": 1, "to": 1000, "step": 1 }';
    const cases: [string, string, RegExp][] = [
      ["bomb.yaml", bomb, /aliases make more of them/],
      ["proto.json", '{ "prompt": "a", "__proto__": { "priorSteps": 2 } }', /"__proto__" is no name for a setting/],
      ["cycle.toml", 'extends = "cycle"\n', /"extends" leads in a circle/],
      ["key.yaml", "prompt: a\npriorStpes: 2\n", /line 2: "priorStpes": .*did you mean "priorSteps"\?/],
      [
        "many.json",
        `{ "prompt": "a", "sweep": { "grid": { "priorSteps": ${grid}, "decoderSteps": ${grid}, "width": ${grid} } } }`,
        /make 1,000,000,000 \(1,000 × 1,000 × 1,000\)/,
      ],
      [
        "model.json",
        `{ "prompt": "a", "model": ${
          JSON.stringify(tinyModel)
        }, "sweep": { "grid": { "priorScheduler": ["ddim", "diim"] } } }`,
        /cell with priorScheduler "diim": .*did you mean "ddim"\?/,
      ],
      ["metric.json", '{ "prompt": "a", "metrics": ["psnr"] }', /"metrics": Expected "reference" too/],
      ["plugin.json", '{ "prompt": "a", "plugins": ["./mine.ts"] }', /not allowed to run.*--allow-plugin/],
    ];
    for (const [name, text, message] of cases) {
      await Deno.writeTextFile(join(cwd, name), text);
      const { code, err } = await runHere(["run", join(cwd, name), "-o", join(cwd, "out")]);
      assert.match(err, message);
      assert.match(err, /^error: [^\n]*\n$/);
      assert.equal(code, name === "plugin.json" ? 6 : 2, name);
    }
    const { code, err } = await runHere(["compare", cwd, cwd]);
    assert.deepEqual([code, /Expected the folder of an experiment/.test(err)], [2, true]);
    assert.equal(({} as Record<string, unknown>)["priorSteps"], undefined);
  }));
