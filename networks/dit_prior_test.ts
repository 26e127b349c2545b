import assert from "node:assert/strict";
import { openNetwork } from "../tests/network_case.ts";
import { assertClose, readFixtureTensors } from "../tests/read_fixture.ts";
import { inputsLike, runGraph } from "../tests/run_graph.ts";
import { ditPrior, ditPriorConfig, gridPositions } from "./dit_prior.ts";
import { isDit, stageCClassName, stageCSchema } from "./stage_c.ts";

Deno.test("ditPrior() equals the same network in PyTorch", async () => {
  const { config, checkpoint } = await openNetwork("../dit", ditPriorConfig);
  const { out, ...inputs } = readFixtureTensors("../dit/case.safetensors");
  const { x, r, c } = inputsLike(inputs, { batch: "batch" });
  const found = await runGraph({ out: ditPrior(config, { x: x!, r: r!, c: c! }) }, { inputs, weights: checkpoint });
  assertClose(found["out"]!, out!, 2e-5, "out");
});

Deno.test("no two cells of a grid have the same position, and rows differ from columns", () => {
  const [height, width, channels] = [3, 4, 8];
  const positions = gridPositions({ height, width, channels });
  const rows = Array.from(
    { length: height * width },
    (_, i) => positions.slice(i * channels, (i + 1) * channels).join(),
  );
  assert.equal(new Set(rows).size, height * width);
});

Deno.test("a configuration says by its class which Stage C it is of", () => {
  const dit = stageCSchema({ _class_name: "WuerstchenDiTPrior" }).parse({ c: 32 });
  assert.equal(isDit(dit), true);
  assert.equal(stageCClassName(dit), "WuerstchenDiTPrior");
  const usual = stageCSchema({ _class_name: "WuerstchenPrior" }).parse({ c: 32 });
  assert.equal(isDit(usual), false);
  assert.equal(stageCClassName(usual), "WuerstchenPrior");
  assert.throws(() => ditPriorConfig.parse({ c: 30 }), /divides by 4/);
});
