import assert from "node:assert/strict";
import { ConfigError } from "../errors.ts";
import { missingPrompt, readPrompts } from "./_prompts.ts";

const stream = (content: string | Uint8Array<ArrayBuffer>) => new Blob([content]).stream();

async function withFile(content: string | Uint8Array, test: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await (typeof content === "string" ? Deno.writeTextFile(path, content) : Deno.writeFile(path, content));
    await test(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("a prompt comes from the word behind the command or from --prompt", async () => {
  assert.deepEqual(await readPrompts({ words: ["a red apple"] }), ["a red apple"]);
  assert.deepEqual(await readPrompts({ words: [], prompt: "تفاحة حمراء 🍎" }), ["تفاحة حمراء 🍎"]);
  assert.deepEqual(await readPrompts({ words: [] }), []);
});

Deno.test("- reads one prompt from standard input and drops the line break at its end", async () => {
  assert.deepEqual(await readPrompts({ words: ["-"] }, { stdin: stream("a red\napple\r\n") }), ["a red\napple"]);
  assert.deepEqual(await readPrompts({ words: [], prompt: "-" }, { stdin: stream("a dog") }), ["a dog"]);
  await assert.rejects(readPrompts({ words: ["-"] }, { stdin: stream("\n") }), /standard input but found an empty one/);
});

Deno.test("--prompt-file has one prompt a line, with blank lines, CRLF and a byte order mark", () =>
  withFile("\ufeffa red apple\r\n\r\n  \n a dog \nlast", async (path) => {
    assert.deepEqual(await readPrompts({ words: [], promptFile: path }), ["a red apple", "a dog", "last"]);
  }));

Deno.test("--prompt-file - reads the lines of standard input", async () => {
  assert.deepEqual(await readPrompts({ words: [], promptFile: "-" }, { stdin: stream("a\nb\n") }), ["a", "b"]);
});

Deno.test("a bad line of --prompt-file is named by file and number", () =>
  withFile("fine\nbad \u0000 line\n", async (path) => {
    await assert.rejects(readPrompts({ words: [], promptFile: path }), (error: Error) => {
      assert.ok(error instanceof ConfigError);
      assert.ok(error.message.startsWith(`${path}: line 2: `), error.message);
      return true;
    });
  }));

Deno.test("a --prompt-file that is missing, a folder, blank or no text is refused", async () => {
  const refuse = (promptFile: string, message: RegExp) =>
    assert.rejects(readPrompts({ words: [], promptFile }), (error: Error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, message);
      return true;
    });
  await refuse("no/such/file.txt", /there is no "no\/such\/file.txt"/);
  await refuse(import.meta.dirname!, /is a folder/);
  await withFile("\n \n", (path) => refuse(path, /found none/));
  await withFile(Uint8Array.of(0x61, 0xff), (path) => refuse(path, /UTF-8/));
});

Deno.test("two sources of prompts are refused", async () => {
  await assert.rejects(readPrompts({ words: ["a"], prompt: "b" }), /one source .* behind the command and --prompt/);
  await assert.rejects(readPrompts({ words: [], prompt: "b", promptFile: "c" }), /--prompt and --prompt-file/);
});

Deno.test("several words without quotes are refused with an example", async () => {
  await assert.rejects(readPrompts({ words: ["a", "red", "apple"] }), /found 3 words: put it in quotes, wuerstchen /);
});

Deno.test("empty, NUL, lone-surrogate and huge prompts are refused", async () => {
  for (const prompt of ["", "a\0b", "\ud83c", "x".repeat(10_000_000)]) {
    await assert.rejects(readPrompts({ words: [prompt] }), ConfigError);
  }
  const stdin = stream("x".repeat(10_000_000));
  await assert.rejects(readPrompts({ words: ["-"] }, { stdin }), ConfigError);
});

Deno.test("a command without a prompt is answered with an example", () => {
  assert.match(missingPrompt().message, /Expected a prompt, such as: wuerstchen generate "/);
});
