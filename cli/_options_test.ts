import assert from "node:assert/strict";
import { ConfigError } from "../errors.ts";
import { choiceOption, integerOption, loraOption, numberOption, parseSeeds, sideOption } from "./_options.ts";

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message;
  }
  throw new assert.AssertionError({ message: "Expected an error" });
}

Deno.test("integerOption() names flag, range and what was found", () => {
  const steps = integerOption("--prior-steps", { min: 1, max: 1000 });
  assert.equal(steps("1"), 1);
  assert.equal(steps("1000"), 1000);
  for (const text of ["0", "-1", "1.5", "NaN", "1e9", "1001"]) {
    assert.equal(
      messageOf(() => steps(text)),
      `Expected --prior-steps to be an integer from 1 to 1000 but found ${text}`,
    );
  }
  for (const text of ["", " 7", "0x10", "ten"]) {
    assert.equal(
      messageOf(() => steps(text)),
      `Expected --prior-steps to be an integer from 1 to 1000 but found "${text}"`,
    );
  }
});

Deno.test("numberOption() takes decimals and no infinity", () => {
  const guidance = numberOption("--cfg-scale", { min: 0, max: 100 });
  assert.equal(guidance("4"), 4);
  assert.equal(guidance(".5"), 0.5);
  assert.equal(guidance("1e1"), 10);
  for (const text of ["Infinity", "-Infinity", "NaN", "-0.1", "101", "1e999"]) {
    assert.equal(
      messageOf(() => guidance(text)),
      `Expected --cfg-scale to be a number from 0 to 100 but found ${text}`,
    );
  }
  assert.match(messageOf(() => guidance("")), /found ""$/);
});

Deno.test("sideOption() leaves limits to the model and refuses what is no number", () => {
  const width = sideOption("--width");
  assert.equal(width("100000"), 100_000);
  assert.equal(width("0"), 0);
  assert.equal(width("63.5"), 63.5);
  for (const text of ["wide", "Infinity", "1e999", "128px"]) {
    assert.match(messageOf(() => width(text)), /^Expected --width to be a whole number of pixels but found /);
  }
});

Deno.test("choiceOption() lists the words", () => {
  const rng = choiceOption("--rng", ["torch", "stream"]);
  assert.equal(rng("stream"), "stream");
  assert.equal(messageOf(() => rng("cuda")), 'Expected --rng to be torch or stream but found "cuda"');
});

Deno.test("parseSeeds() writes ranges out in the order given", () => {
  assert.deepEqual(parseSeeds("7"), [7]);
  assert.deepEqual(parseSeeds("1,2,5-8"), [1, 2, 5, 6, 7, 8]);
  assert.deepEqual(parseSeeds("5, 3-3 ,0"), [5, 3, 0]);
  assert.deepEqual(parseSeeds("-1"), [-1]);
  assert.deepEqual(parseSeeds("-1,4,-1"), [-1, 4, -1]);
  assert.deepEqual(parseSeeds("9007199254740991"), [Number.MAX_SAFE_INTEGER]);
  assert.equal(parseSeeds("0-9999").length, 10_000);
});

Deno.test("parseSeeds() refuses what is no list of seeds", () => {
  for (const text of ["", "1,,2", "-2", "1.5", "a", "1-", "-1-3", "1e3", "1;2"]) {
    assert.match(messageOf(() => parseSeeds(text)), /^Expected --seed to be whole numbers from 0 such as /);
  }
  assert.match(messageOf(() => parseSeeds("8-5")), /range of --seed to rise but found "8-5"/);
  assert.match(messageOf(() => parseSeeds("9007199254740992")), /at most 9007199254740991/);
});

Deno.test("parseSeeds() refuses a huge range without writing it out", () => {
  const start = performance.now();
  assert.match(messageOf(() => parseSeeds("0-9007199254740991")), /at most 10000 seeds/);
  assert.match(messageOf(() => parseSeeds("0-9999,1")), /at most 10000 seeds/);
  assert.ok(performance.now() - start < 100);
});

Deno.test("--lora takes a file and a scale, one after the other, and paths with colons", () => {
  const read = (...texts: string[]) =>
    texts.reduce<ReturnType<typeof loraOption>>((all, text) => loraOption(text, all), []);
  assert.deepEqual(read("a.safetensors", "b.safetensors:0.5", "c:-1"), [
    { file: "a.safetensors", scale: 1 },
    { file: "b.safetensors", scale: 0.5 },
    { file: "c", scale: -1 },
  ]);
  for (
    const [text, file, scale] of [
      ["C:\\styles\\ink.safetensors", "C:\\styles\\ink.safetensors", 1],
      ["C:\\styles\\ink.safetensors:.25", "C:\\styles\\ink.safetensors", 0.25],
      ["style:v2.safetensors", "style:v2.safetensors", 1],
      ["style:2:1", "style:2", 1],
      ["a.safetensors:", "a.safetensors:", 1],
      ["a.safetensors:strong", "a.safetensors:strong", 1],
    ] as const
  ) {
    assert.deepEqual(loraOption(text), [{ file, scale }], text);
  }
  for (const text of ["", ":0.5", "a:101", "a:-1e9"]) assert.throws(() => loraOption(text), ConfigError, text);
});
