import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { add, encodeModel, graph, input, parameter } from "../onnx/mod.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { checkExternalData } from "./check_external_data.ts";
import { Session } from "./session.ts";

/** x + w, with w of two numbers at a location. */
function model(location: string): Uint8Array {
  const y = add(input("x", "float32", [2]), parameter("w", [2]));
  return encodeModel(graph({ outputs: { y } }), () => ({ kind: "external", dtype: "float32", location, offset: 0 }));
}

const utf8 = (text: string) => new TextEncoder().encode(text);

/** A protobuf message of these fields, all of bytes. */
function bytes(fields: readonly (readonly [number: number, value: Uint8Array])[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const [number, value] of fields) writer.tag(number, WireType.LengthDelimited).bytes(value);
  return writer.finish();
}

const weights = new Uint8Array(Float32Array.of(1, 2).buffer);

Deno.test("weights outside of the folder are refused before the runtime opens them", () =>
  inTempFolder(async (folder) => {
    const inner = join(folder, "model");
    await Deno.mkdir(inner);
    await Deno.writeFile(join(folder, "outside"), weights);
    await Deno.symlink(join("..", "outside"), join(inner, "link"));
    const locations = {
      "../outside": /but found "\.\.\/outside"$/,
      "..\\outside": /but found /,
      "a/../../outside": /but found /,
      [join(folder, "outside")]: /but found "\//,
      "*/_ORT_MEM_ADDR_/*": /but found "\*\/_ORT_MEM_ADDR_\/\*"$/,
      "": /but found none$/,
      "missing": /but found no file /,
      "link": /but found a link out of it, /,
    };
    for (const [location, message] of Object.entries(locations)) {
      await assert.rejects(Session.create(model(location), { folder: inner }), (error) => {
        assert.ok(error instanceof CheckpointError, `${location}: ${error}`);
        assert.match(error.message, /^Expected the weights "w" in one file of the model's folder/);
        assert.match(error.message, message);
        return true;
      });
    }
    await assert.rejects(checkExternalData(model("outside"), undefined), /but found none$/);
  }));

Deno.test("a tensor that names two locations is refused, whichever of them is good", () =>
  inTempFolder(async (folder) => {
    await Deno.writeFile(join(folder, "good"), weights);
    const entry = (location: string) => bytes([[1, utf8("location")], [2, utf8(location)]]);
    const tensor = bytes([[8, utf8("w")], [13, entry("good")], [13, entry("good")]]);
    const doubled = bytes([[7, bytes([[5, tensor]])]]);
    await assert.rejects(checkExternalData(doubled, folder), /but found 2 locations$/);
  }));

Deno.test("weights that a hub's cache has as links are found, and computed with", () =>
  inTempFolder(async (folder) => {
    await Deno.mkdir(join(folder, "blobs"));
    await Deno.mkdir(join(folder, "snapshots"));
    await Deno.writeFile(join(folder, "blobs", "f00"), weights);
    await Deno.symlink(join("..", "blobs", "f00"), join(folder, "snapshots", "model.safetensors"));
    // What is opened are real paths, and their common folder: that is where blobs lie.
    const session = await Session.create(model("f00"), { folder: join(folder, "blobs") });
    const { y } = await session.run({ x: { dtype: "float32", shape: [2], data: Float32Array.of(3, 4) } });
    assert.deepEqual([...(y!.data as Float32Array)], [4, 6]);
    await session.release();
    await assert.rejects(
      Session.create(model("model.safetensors"), { folder: join(folder, "snapshots") }),
      /a link out of it/,
    );
  }));
