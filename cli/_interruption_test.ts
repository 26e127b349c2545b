import assert from "node:assert/strict";
import { InterruptedError } from "./_errors.ts";

const script = (body: string) => `
import { watchInterruption } from ${JSON.stringify(new URL("./_interruption.ts", import.meta.url).href)};
const { signal, ready } = watchInterruption({ onSignal: () => console.log("told") });
await ready;
console.log("ready");
${body}
`;

/** Runs a script until it says that it is ready, and calls `act` with it. */
async function withScript(
  body: string,
  act: (child: Deno.ChildProcess, lines: AsyncIterator<string>) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(path, script(body));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-A", path],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = readLines(child.stdout);
  try {
    assert.equal((await lines.next()).value, "ready");
    await act(child, lines);
  } finally {
    await lines.return(undefined);
    await Deno.remove(path);
  }
}

async function* readLines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string, undefined> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

Deno.test("the first signal aborts with its name, also when the main thread was busy", async () => {
  const busy = `
const until = Date.now() + 500;
while (Date.now() < until);
await new Promise((resolve) => setTimeout(resolve, 0));
while (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 5));
console.log(signal.reason.name, signal.reason.signal);
Deno.exit(9);`;
  await Promise.all((["SIGINT", "SIGTERM"] as const).map((name) =>
    withScript(busy, async (child, lines) => {
      child.kill(name);
      assert.equal((await lines.next()).value, "told");
      assert.equal((await lines.next()).value, `${InterruptedError.name} ${name}`);
      assert.equal((await child.status).code, 9);
    })
  ));
});

Deno.test("a second signal ends the process at once, while the main thread is deaf", async () => {
  await withScript("for (;;);", async (child) => {
    child.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 300));
    const sent = performance.now();
    child.kill("SIGINT");
    const { code, signal } = await child.status;
    assert.deepEqual({ code, signal }, { code: 130, signal: "SIGINT" });
    assert.ok(performance.now() - sent < 2000);
  });
});
