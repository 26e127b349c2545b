import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CheckpointError } from "../errors.ts";
import { nativeRuntime } from "../runtime/session.ts";
import { tensor } from "../tensor/tensor.ts";
import { copy as copyFolder } from "../tests/copy_folder.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { writeTinyT5 } from "../tests/tiny_t5.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { openJoinedTextEncoder } from "./joined_text_encoder.ts";
import { openTextEncoder } from "./open_text_encoder.ts";
import { TextEncoderStage } from "./text_encoder.ts";

const repo = fileURLToPath(new URL("../tests/fixtures/wuerstchen/repo/wuerstchen-prior", import.meta.url));

/** A folder with CLIP, T5 (12 channels) and an adapter of T5 to `width` channels: twice a channel and one. */
async function writeJoined(folder: string, { width }: { width: number }): Promise<void> {
  await copyFolder(join(repo, "text_encoder"), join(folder, "clip"));
  await copyFolder(join(repo, "tokenizer"), join(folder, "clip", "tokenizer"));
  await writeTinyT5(join(folder, "t5"));
  const weight = Float32Array.from({ length: width * 12 }, (_, i) => Math.floor(i / 12) % 12 === i % 12 ? 2 : 0);
  await writeSafetensors(join(folder, "model.safetensors"), {
    "adapters.1.weight": tensor("float32", [width, 12], weight),
    "adapters.1.bias": tensor("float32", [width], new Float32Array(width).fill(1)),
  });
}

async function open(folder: string, json: unknown) {
  const checkpoint = await openCheckpoint(folder, { stem: "model" });
  return await openJoinedTextEncoder(json, { folder, checkpoint, options: { threads: 1, runtime: nativeRuntime } });
}

async function statesOf(folder: string, prompts: readonly string[]) {
  const opened = await openTextEncoder({ folder, tokenizer: join(folder, "tokenizer") });
  const stage = new TextEncoderStage(opened, opened.checkpoint, { threads: 1, runtime: nativeRuntime });
  await stage.network.load({ tokens: stage.tokens });
  const states = await stage.encode(prompts);
  await stage.network.release();
  return states;
}

Deno.test("joined encoders give the states of each, one after the other, adapted to one width", () =>
  inTempFolder(async (folder) => {
    const clipWidth = JSON.parse(await Deno.readTextFile(join(repo, "text_encoder", "config.json"))).hidden_size;
    await writeJoined(folder, { width: clipWidth });
    const joined = await open(folder, { width: clipWidth, encoders: ["clip", "t5"] });
    assert.equal(joined.tokens, 77 + 6);
    const prompts = ["a red apple", "green"];
    await joined.network.load({ tokens: joined.tokens });
    const states = await joined.encode(prompts);
    await joined.network.release();
    assert.deepEqual(states.shape, [2, 83, clipWidth]);
    const [clip, t5] = [await statesOf(join(folder, "clip"), prompts), await statesOf(join(folder, "t5"), prompts)];
    const expected = prompts.flatMap((_, row) => [
      ...clip.data.subarray(row * 77 * clipWidth, (row + 1) * 77 * clipWidth),
      ...Array.from({ length: 6 * clipWidth }, (_, i) => {
        const [token, channel] = [Math.floor(i / clipWidth), i % clipWidth];
        return 2 * t5.data[(row * 6 + token) * 12 + channel % 12]! + 1;
      }),
    ]);
    const off = states.data.map((x, i) => Math.abs(x - expected[i]!));
    assert.ok(Math.max(...off) < 1e-4, `off by ${Math.max(...off)}`);
  }));

Deno.test("a prompt is lost only where no encoder takes it", () =>
  inTempFolder(async (folder) => {
    await writeJoined(folder, { width: 12 });
    await Deno.rename(join(folder, "t5"), join(folder, "short"));
    await writeTinyT5(join(folder, "long"), { maxLength: 8 });
    const joined = await open(folder, { width: 12, encoders: ["short", "long"] });
    assert.equal(joined.truncated("a a a a a a a"), "");
    assert.equal(joined.truncated("a a a a a a a red apple"), "red apple");
  }));

Deno.test("one encoder alone is adapted to any width", () =>
  inTempFolder(async (folder) => {
    await writeTinyT5(join(folder, "t5"));
    await writeSafetensors(join(folder, "model.safetensors"), {
      "adapters.0.weight": tensor("float32", [5, 12]),
      "adapters.0.bias": tensor("float32", [5], Float32Array.of(1, 2, 3, 4, 5)),
    });
    const joined = await open(folder, { width: 5, encoders: ["t5"] });
    await joined.network.load({ tokens: joined.tokens });
    const { shape, data } = await joined.encode(["red"]);
    await joined.network.release();
    assert.deepEqual(shape, [1, 6, 5]);
    assert.deepEqual([...data.subarray(0, 5)], [1, 2, 3, 4, 5]);
  }));

Deno.test("a missing adapter, one too many, and folders elsewhere are errors", () =>
  inTempFolder(async (folder) => {
    await writeJoined(folder, { width: 9 });
    const refuse = async (json: unknown, message: RegExp) => {
      await assert.rejects(open(folder, json), (error: Error) => {
        assert(error instanceof CheckpointError, String(error));
        assert.match(error.message, message);
        return true;
      });
    };
    await refuse({ width: 9, encoders: ["t5"] }, /Expected an adapter "adapters.0.weight" \[9, 12\]/);
    await refuse({ width: 12, encoders: ["t5"] }, /belong to no part of the network: "adapters.1/);
    await refuse({ width: 9, encoders: ["../t5"] }, /config.json: "encoders.0": Expected the name of a folder/);
    await refuse({ width: 9, encoders: [".."] }, /Expected the name of a folder/);
    await refuse({ width: 9, encoders: [] }, /"encoders"/);
  }));

Deno.test("weights act behind adapters as before them, and each BREAK begins a row of all encoders", () =>
  inTempFolder(async (folder) => {
    const { hidden_size: width } = JSON.parse(await Deno.readTextFile(join(repo, "text_encoder", "config.json")));
    await writeJoined(folder, { width });
    const joined = await open(folder, { width, encoders: ["clip", "t5"] });
    await joined.network.load({ tokens: joined.tokens });
    const plain = await joined.encodeParts([[{ text: "red apple", weight: 1 }]], { chunk: false });
    const [whole, empty] = [await joined.encode(["red apple"]), await joined.encode([""])];
    assert.deepEqual(plain, { states: whole, lost: "" });
    const row = ({ data }: { data: Float32Array }, token: number) => data.slice(token * width, (token + 1) * width);

    const both = await joined.encodeParts([[{ text: "red apple", weight: 3 }]], { chunk: false });
    // Words begin behind CLIP's start token; T5's stand behind CLIP's 77, without one.
    for (const token of [1, 77]) {
      const [found, one, zero] = [row(both.states, token), row(whole, token), row(empty, token)];
      assert.ok(found.every((value, i) => Math.abs(value - (3 * one[i]! - 2 * zero[i]!)) < 1e-3), `token ${token}`);
    }
    assert.deepEqual(row(both.states, 0), row(whole, 0));

    const parts = ["red apple", "green"].map((text) => [{ text, weight: 1 }]);
    const broken = await joined.encodeParts(parts, { chunk: false });
    assert.deepEqual(broken.states.shape, [1, 2 * 83, width]);
    const green = await joined.encode(["green"]);
    const off = broken.states.data.map((x, i) => Math.abs(x - [...whole.data, ...green.data][i]!));
    assert.ok(Math.max(...off) < 1e-4, `off by ${Math.max(...off)}`);

    // T5's six tokens are too few, CLIP's are not: its second row is that of an empty prompt.
    const long = [[{ text: "a a a a a a a a", weight: 1 }]];
    const chunked = await joined.encodeParts(long, { chunk: true });
    assert.deepEqual([chunked.states.shape[1], chunked.lost], [2 * 83, ""]);
    assert.ok(row(chunked.states, 83).every((value, i) => Math.abs(value - row(empty, 0)[i]!) < 1e-4));
    assert.equal((await joined.encodeParts(long, { chunk: false })).states.shape[1], 83);
    await joined.network.release();
  }));
