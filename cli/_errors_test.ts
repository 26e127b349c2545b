import assert from "node:assert/strict";
import { CheckpointError, ConfigError, HubError, NumericError, ResourceError } from "../errors.ts";
import {
  exitCodeOf,
  explainError,
  InterruptedError,
  OutputClosedError,
  PartialBatchError,
  stackOf,
} from "./_errors.ts";

Deno.test("every class of error has the exit code that --help lists", () => {
  const cases: [unknown, number][] = [
    [new Error("a bug"), 1],
    ["a thrown string", 1],
    [new ConfigError("flag"), 2],
    [Object.assign(new Error("error: unknown option"), { code: "commander.unknownOption" }), 2],
    [new CheckpointError("file"), 3],
    [new NumericError("NaN"), 3],
    [new HubError("offline"), 4],
    [new ResourceError("disk"), 5],
    [Object.assign(new Error("No space left on device"), { code: "ENOSPC" }), 5],
    [new RangeError("Array buffer allocation failed"), 5],
    [new Error("Failed to allocate memory for requested buffer of size 123"), 5],
    [new Error("std::bad_alloc"), 5],
    [new Deno.errors.NotCapable('Requires write access to "x", run again with the --allow-write flag'), 6],
    [new Deno.errors.PermissionDenied("read-only"), 6],
    [Object.assign(new Error("denied"), { code: "EACCES" }), 6],
    [new PartialBatchError("2 of 3"), 7],
    [new InterruptedError("SIGINT"), 130],
    [new InterruptedError("SIGTERM"), 143],
    [new OutputClosedError(), 0],
  ];
  for (const [error, code] of cases) assert.equal(exitCodeOf(error), code, String(error));
});

Deno.test("an explanation is one line that no terminal obeys", () => {
  const line = explainError(new ConfigError("Expected\n  a prompt\r\nbut found \u001b[31mred\u202e\ud800"));
  assert.equal(line, "Expected a prompt but found \\u{1b}[31mred\\u{202e}\ufffd");
});

Deno.test("a message of commander loses its prefix and its second line", () => {
  const error = Object.assign(new Error("error: unknown option '--stepz'\n(Did you mean --steps?)"), {
    code: "commander.unknownOption",
  });
  assert.equal(explainError(error), "unknown option '--stepz' (Did you mean --steps?)");
});

Deno.test("an internal error asks for --debug and a report", () => {
  assert.match(explainError(new TypeError("x is undefined")), /^x is undefined \(.*--debug/);
});

Deno.test("a failed allocation hints at a smaller picture", () => {
  assert.match(explainError(new Error("std::bad_alloc")), /^Not enough memory: std::bad_alloc; .*-W and -H/);
});

Deno.test("a closed output is not explained", () => {
  assert.equal(explainError(new OutputClosedError()), "");
});

Deno.test("the stack shows the cause", () => {
  const stack = stackOf(new ConfigError("outer", { cause: new TypeError("inner") }));
  assert.match(stack, /outer[\s\S]*Caused by: TypeError: inner/);
});
