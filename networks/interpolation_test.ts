import assert from "node:assert/strict";
import { assertClose, readFixture } from "../tests/read_fixture.ts";
import { inputsLike, runGraph } from "../tests/run_graph.ts";
import { bicubicMatrix, bicubicResize } from "./interpolation.ts";

const fixture = readFixture("modules/effnet_upsample");
const sizesOf = (prefix: string) =>
  fixture.manifest.tensors.map(({ name }) => name).filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length));

Deno.test("bicubicMatrix() equals torch's matrices, up and down", () => {
  const names = sizesOf("matrix.");
  assert.equal(names.length, 22);
  for (const name of names) {
    const [from, to] = name.split("_").map(Number) as [number, number];
    assertClose(bicubicMatrix(from, to), fixture.tensor(`matrix.${name}`).data, 1e-7, name);
  }
});

Deno.test("rows of bicubicMatrix() sum to 1", () => {
  for (const [from, to] of [[1, 7], [24, 128], [96, 5]] as const) {
    const matrix = bicubicMatrix(from, to);
    for (let i = 0; i < to; i++) {
      const sum = matrix.subarray(i * from, (i + 1) * from).reduce((all, weight) => all + weight, 0);
      assert.ok(Math.abs(sum - 1) < 1e-6, `${from} to ${to}, row ${i}: ${sum}`);
    }
  }
});

Deno.test("bicubicResize() equals torch's interpolation, one column and one row included", async () => {
  const names = sizesOf("in.");
  assert.ok(names.includes("7x3_1x1") && names.includes("6x3_4x2") && names.includes("1x3_1x16"));
  for (const name of names) {
    const size = name.split("_")[1]!.split("x").map(Number) as [number, number];
    const inputs = { x: fixture.tensor(`in.${name}`) };
    const { out } = await runGraph({ out: bicubicResize(inputsLike(inputs).x, size) }, { inputs });
    assertClose(out!, fixture.tensor(`out.${name}`), fixture.atol(`out.${name}`), name);
  }
});
