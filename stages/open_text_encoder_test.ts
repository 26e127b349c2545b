import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CheckpointError } from "../errors.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { writeTinyT5 } from "../tests/tiny_t5.ts";
import { openTextEncoder, openTextParts } from "./open_text_encoder.ts";

const repo = fileURLToPath(new URL("../tests/fixtures/wuerstchen/repo/wuerstchen-prior", import.meta.url));

Deno.test("openTextEncoder() opens CLIP and T5 by what their config says", () =>
  inTempFolder(async (folder) => {
    const clip = await openTextEncoder({ folder: join(repo, "text_encoder"), tokenizer: join(repo, "tokenizer") });
    assert.equal(clip.tokenizer.maxLength, 77);
    assert.ok("hidden_size" in clip.config);
    await writeTinyT5(join(folder, "t5"));
    const t5 = await openTextEncoder({ folder: join(folder, "t5"), tokenizer: join(folder, "t5", "tokenizer") });
    assert.equal(t5.tokenizer.maxLength, 6);
    assert.ok("d_model" in t5.config);
    assert.ok(t5.checkpoint.tensors.has("shared.weight"));
  }));

Deno.test("another class, and a tokenizer of another model, are errors that name file and number", () =>
  inTempFolder(async (folder) => {
    await writeTinyT5(join(folder, "t5"));
    const folders = { folder: join(folder, "t5"), tokenizer: join(folder, "t5", "tokenizer") };
    const json = JSON.parse(await Deno.readTextFile(join(folders.folder, "config.json")));
    const refuse = async (change: Record<string, unknown>, message: RegExp) => {
      await assert.rejects(openTextParts({ ...json, ...change }, folders), (error: Error) => {
        assert(error instanceof CheckpointError);
        assert.match(error.message, message);
        return true;
      });
    };
    await refuse({ architectures: ["BertModel"] }, /config.json: "architectures": Expected one of .* "BertModel"/);
    await refuse(
      { _class_name: "JoinedTextEncoder" },
      /config.json: "_class_name": Expected one of .* "JoinedTextEncoder"/,
    );
    await refuse({ vocab_size: 7 }, /at most 7 tokens, .* \(vocab_size\), but found the id 7/);
    await refuse({ num_heads: 0 }, /config.json: "num_heads"/);
    const clip = { folder: join(repo, "text_encoder"), tokenizer: join(repo, "tokenizer") };
    const config = JSON.parse(await Deno.readTextFile(join(clip.folder, "config.json")));
    await assert.rejects(
      openTextParts({ ...config, max_position_embeddings: 7 }, clip),
      /"model_max_length": Expected at most 7 tokens/,
    );
  }));
