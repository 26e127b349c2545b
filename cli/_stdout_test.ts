import assert from "node:assert/strict";
import { ResourceError } from "../errors.ts";
import { OutputClosedError } from "./_errors.ts";
import { writeOut } from "./_stdout.ts";

Deno.test("writeOut() goes on after a partial write", () => {
  const written: number[] = [];
  const sink = {
    writeSync(bytes: Uint8Array): number {
      written.push(...bytes.subarray(0, 2));
      return Math.min(2, bytes.byteLength);
    },
  };
  writeOut("hällo", sink);
  assert.equal(new TextDecoder().decode(Uint8Array.from(written)), "hällo");
});

Deno.test("writeOut() tells a closed output from other failures", () => {
  const failing = (error: Error) => ({
    writeSync(): number {
      throw error;
    },
  });
  assert.throws(() => writeOut("x", failing(new Deno.errors.BrokenPipe("closed"))), OutputClosedError);
  const full = Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
  assert.throws(() => writeOut("x", failing(full)), ResourceError);
  assert.throws(() => writeOut("x", failing(new TypeError("other"))), TypeError);
});
