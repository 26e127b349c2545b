import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError, ConfigError } from "../errors.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { parsePrompt } from "../text/prompt_syntax.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import { nativeRuntime } from "../runtime/session.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { StoredTextStates } from "./stored_text_states.ts";

async function open(folder: string, states: Tensor, metadata: Record<string, string>): Promise<StoredTextStates> {
  const file = join(folder, "model.safetensors");
  await writeSafetensors(file, { states }, { metadata, force: true });
  return new StoredTextStates(await openCheckpoint(folder, { stem: "model" }), { threads: 1, runtime: nativeRuntime });
}

const prompts = JSON.stringify(["", "a red apple", "constructor"]);

Deno.test("stored states are looked up by prompt, in any order and as often as wanted", () =>
  inTempFolder(async (folder) => {
    const numbers = Array.from({ length: 3 * 2 * 4 }, (_, i) => i / 4);
    const kinds = [
      tensor("float32", [3, 2, 4], Float32Array.from(numbers)),
      tensor("float16", [3, 2, 4], Float16Array.from(numbers)),
    ];
    for (const states of kinds) {
      const stored = await open(folder, states, { prompts });
      assert.equal(stored.tokens, 2);
      assert.equal(stored.truncated("x ".repeat(1000)), "");
      await stored.network.load({ tokens: stored.tokens });
      const { shape, data, dtype } = await stored.encode(["constructor", "", "constructor"]);
      assert.deepEqual([dtype, shape], ["float32", [3, 2, 4]]);
      const row = (i: number) => numbers.slice(8 * i, 8 * i + 8);
      assert.deepEqual([...data], [...row(2), ...row(0), ...row(2)]);
      await assert.rejects(stored.encode(["a green apple"]), (error: Error) => {
        assert(error instanceof ConfigError);
        assert.match(error.message, /"a red apple".* but found "a green apple"/);
        return true;
      });
      await stored.network.release();
    }
  }));

Deno.test("a file without states, without prompts, or with other numbers of them is an error", () =>
  inTempFolder(async (folder) => {
    const states = tensor("float32", [3, 2, 4]);
    const refuse = async (message: RegExp, metadata: Record<string, string>, given: Tensor = states) => {
      await assert.rejects(open(folder, given, metadata), (error: Error) => {
        assert(error instanceof CheckpointError, String(error));
        assert.match(error.message, message);
        return true;
      });
    };
    await refuse(
      /Expected a tensor "states" \[prompts, tokens, width\] but found \[3\]/,
      { prompts },
      tensor("float32", [3]),
    );
    await refuse(/metadata "prompts": Expected a JSON list of texts but found nothing/, {});
    await refuse(/JSON list of texts but found/, { prompts: "[" });
    await refuse(/JSON list of texts but found something else/, { prompts: "[1]" });
    await refuse(/Expected 3 prompts, one for each row, but found 1/, { prompts: '["a"]' });
    await refuse(/each prompt once but found "a" twice/, { prompts: '["a","b","a"]' });
  }));

Deno.test("parts of a prompt are looked up one by one, and weights are refused in a line that says what to do", () =>
  inTempFolder(async (folder) => {
    const numbers = Float32Array.from({ length: 3 * 2 * 4 }, (_, i) => i);
    const stored = await open(folder, tensor("float32", [3, 2, 4], numbers), { prompts });
    await stored.network.load({ tokens: stored.tokens });
    const { states, lost } = await stored.encodeParts(parsePrompt("a red apple BREAK constructor")!);
    assert.deepEqual([states.shape, [...states.data], lost], [[1, 4, 4], [...numbers.slice(8)], ""]);
    assert.deepEqual((await stored.encodeParts(parsePrompt("(a red apple:1)")!)).states.data, numbers.slice(8, 16));
    await assert.rejects(stored.encodeParts(parsePrompt("a (red:1.3) apple")!), (error: Error) => {
      assert(error instanceof ConfigError);
      assert.match(
        error.message,
        /^Expected no weights in the prompt, .* "red" is not known: leave them out, or add --p/,
      );
      assert(!error.message.includes("\n"));
      return true;
    });
    await assert.rejects(stored.encodeParts(parsePrompt("a red apple BREAK snow")!), /but found "snow"/);
    await stored.network.release();
  }));
