import assert from "node:assert/strict";
import { join } from "node:path";
import { commandLine } from "../tests/command_line.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyModel } from "../tests/tiny_model.ts";
import { main as runCommand } from "./main.ts";

const tiny = ["--model", tinyModel, "-W", "64", "-H", "64", "--steps", "2", "--decoder-steps", "1", "-q", "-s", "1"];

async function run(args: readonly string[], { cwd, env = {} }: { cwd?: string; env?: Record<string, string> } = {}) {
  const [command, ...first] = commandLine();
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...first, ...args],
    ...(cwd === undefined ? {} : { cwd }),
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
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

Deno.test("plugins list and show say what there is, as text and as JSON", async () => {
  const list = await run(["plugins", "list", "scheduler"]);
  assert.match(list.out, /^scheduler {2}ddim +DDIM: /m);
  assert(!list.out.includes("textEncoder"));
  const show = await run(["plugins", "show", "ddim"]);
  assert.match(show.out, /^ {4}eta: number from 0 to 1, 0 unless told {2}how much of the noise is drawn anew/m);
  const [json] = JSON.parse((await run(["plugins", "show", "ddim", "--json"])).out);
  assert.deepEqual(json.options.properties.eta.maximum, 1);
});

Deno.test("words that name nothing are one line and exit code 2", async () => {
  const cases: [string[], RegExp][] = [
    [
      ["plugins", "show", "dddim"],
      /^error: Expected a plugin that is known but found "dddim"; did you mean "ddim"\?\n$/,
    ],
    [["plugins", "list", "schedular"], /Expected a kind of plugin .* did you mean "scheduler"\?/],
    [
      ["plugins", "new", "decoder", "x"],
      /Expected a kind of scheduler, prior, postprocessor, metric but found decoder/,
    ],
    [["plugins", "new", "scheduler", "../x"], /Expected a name of small letters and digits/],
    [["plugins", "new", "scheduler"], /Expected wuerstchen plugins new KIND NAME but found 1 words/],
    [
      ["generate", "x", "--scheduler", "euler", "--prior-scheduler", "heun"],
      /Expected --scheduler or --prior-scheduler/,
    ],
    [
      ["generate", "x", "--prior-scheduler", "ddim", "--prior-scheduler-eta", "3"],
      /scheduler ddim: "eta": Expected a number of at most 1/,
    ],
    [
      ["generate", "x", "--prior-scheduler", "ddim", "--prior-scheduler-eat", "0"],
      /Did you mean --prior-scheduler-eta\?/,
    ],
    [["generate", "x", "--prior-guidance-schedule", "interval:0.2-0.8"], /to be constant, interval:FROM-TO/],
  ];
  for (const [args, message] of cases) {
    const { code, err } = await runHere(args);
    assert.equal(code, 2, err);
    assert.match(err, message);
    assert.equal(err.trimEnd().split("\n").length, 1);
  }
});

Deno.test("a new plugin paints where it is allowed, is repeated with -C, and is refused with exit code 6 where it is not", async () => {
  await inTempFolder(async (cwd) => {
    const made = await run(["plugins", "new", "scheduler", "my_sampler"], { cwd });
    assert.equal(made.out, "my_sampler.ts\nmy_sampler_test.ts\n", made.err);
    assert.equal((await run(["plugins", "new", "scheduler", "my_sampler"], { cwd })).code, 2);

    const env = { XDG_CONFIG_HOME: join(cwd, "config") };
    const chosen = ["--prior-scheduler", "./my_sampler.ts", "--prior-scheduler-churn", "0.5"];
    const refused = await run(["generate", "x", ...tiny, ...chosen], { cwd, env });
    assert.deepEqual([refused.code, refused.out], [6, ""]);
    assert.match(
      refused.err,
      /my_sampler\.ts: this plugin is not allowed to run; .* add --allow-plugin \.\/my_sampler\.ts\n$/,
    );

    const allow = ["--allow-plugin", "my_sampler.ts"];
    const painted = await run(["generate", "x", ...tiny, ...chosen, ...allow, "-o", "a.png"], { cwd, env });
    assert.equal(painted.code, 0, painted.err);
    // A picture names its scheduler, which makes nothing run.
    const unknown = await run(["generate", "-C", "a.png", "-q", "-o", "b.png"], { cwd, env });
    assert.equal(unknown.code, 2);
    assert.match(unknown.err, /Expected a scheduler that is known but found "my-sampler"/);
    const again = await run(["generate", "-C", "a.png", ...allow, "-q", "--json", "-o", "b.png"], { cwd, env });
    assert.equal(again.code, 0, again.err);
    assert.deepEqual(JSON.parse(again.out).runs[0].options.priorScheduler, {
      name: "my-sampler",
      options: { churn: 0.5 },
    });
    assert.deepEqual(await Deno.readFile(join(cwd, "b.png")), await Deno.readFile(join(cwd, "a.png")));

    await Deno.mkdir(join(cwd, "config", "wuerstchen"), { recursive: true });
    await Deno.writeTextFile(
      join(cwd, "config", "wuerstchen", "settings.json"),
      '{"plugins": ["../../my_sampler.ts"]}',
    );
    const help = await run(["generate", ...chosen.slice(0, 2), "--help"], { cwd, env });
    assert.match(help.out, /--prior-scheduler-churn <number>/);
  });
});

Deno.test("a plugin that breaks is one line that names it, and exit code 3", async () => {
  await inTempFolder(async (cwd) => {
    const file = join(cwd, "broken.ts");
    const paint = () =>
      run(["generate", "x", ...tiny, "--allow-plugin", "broken.ts", "--scheduler", "broken.ts"], { cwd });
    const cases: [string, RegExp][] = [
      ["throw new Error('at load');", /^error: broken\.ts: cannot be loaded: at load\n$/],
      ["export const x = 1;", /broken\.ts: Expected a default export made by defineScheduler\(\)/],
      [
        'export default { kind: "scheduler", name: "broken", summary: "breaks", create: () => ({ step() { throw new Error("at run"); } }) };',
        /^error: scheduler broken: at run\n$/,
      ],
    ];
    for (const [text, message] of cases) {
      await Deno.writeTextFile(file, text);
      const { code, err } = await paint();
      assert.equal(code, 3, err);
      assert.match(err, message);
    }
  });
});
