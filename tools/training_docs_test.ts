import assert from "node:assert/strict";
import { betweenMarks } from "./markdown.ts";
import { marks, settingsList } from "./training_docs.ts";

Deno.test("docs/training.md lists the settings as they are (mend with deno task training-docs)", async () => {
  const text = await Deno.readTextFile(new URL("../docs/training.md", import.meta.url));
  assert.equal(text, betweenMarks(text, settingsList(), marks));
});

Deno.test("a setting that several phases have is listed once", () => {
  const list = settingsList();
  assert.equal(list.match(/^- `batches`/gm)?.length, 1);
  assert.equal(list.match(/^- `towardsNoise`/gm)?.length, 1);
  assert.ok(list.indexOf("#### `stageB` and `stageC`") < list.indexOf("- `towardsNoise`"));
});
