/** Every sampler against the goldens of the analytic problem, the identities between them, and their orders of convergence. */
import assert from "node:assert/strict";
import type { Plugin } from "../plugins/define.ts";
import { assertClose } from "../tests/read_fixture.ts";
import {
  diffusersTensors,
  errorOf,
  gridTimes,
  sampleMixture,
  samplerFixture,
  schedule,
} from "../tests/sampler_case.ts";
import ddim from "./ddim.ts";
import dpmpp2m from "./dpmpp_2m.ts";
import dpmpp2mSde from "./dpmpp_2m_sde.ts";
import euler from "./euler.ts";
import eulerAncestral from "./euler_ancestral.ts";
import heun from "./heun.ts";
import lcm from "./lcm.ts";
import { spacedTimesteps } from "./spacings.ts";
import stableCascade from "./stable_cascade.ts";

/** What float32 samples of the float64 goldens may differ by; the first step multiplies by up to 100. */
const { float32: tolerance } = samplerFixture.manifest["tolerance"] as { float32: number };

const goldens: readonly [name: string, plugin: Plugin<"scheduler">, options?: unknown][] = [
  ["ddim_eta0", ddim, { eta: 0 }],
  ["ddim_eta0.4", ddim, { eta: 0.4 }],
  ["ddim_eta1", ddim, { eta: 1 }],
  ["euler", euler],
  ["euler_ancestral", eulerAncestral],
  ["heun", heun],
  ["dpmpp_2m", dpmpp2m],
  ["lcm", lcm],
];
const grids = Object.keys(samplerFixture.tensors).filter((name) => name.startsWith("grid.")).map((name) =>
  name.slice(5)
);

for (const [name, plugin, options] of goldens) {
  Deno.test(`${name} equals the golden samples and clean predictions on every grid`, async () => {
    assert.equal(grids.length, 10);
    for (const grid of grids) {
      const { x, clean } = await sampleMixture(plugin, { times: gridTimes(grid), options });
      const all = (list: readonly Float32Array[]) => list.flatMap((values) => [...values]);
      assertClose(all(x), samplerFixture.tensor(`${name}.${grid}.x`).data, tolerance, `${name} ${grid}`);
      assertClose(all(clean), samplerFixture.tensor(`${name}.${grid}.x0`).data, tolerance, `${name} ${grid} x0`);
    }
  });
}

Deno.test("DPM-Solver++ 2M and its SDE form equal diffusers' for ε, v and x₀ predictions", async () => {
  const plugins: Record<string, Plugin<"scheduler">> = { dpmpp_2m: dpmpp2m, dpmpp_2m_sde: dpmpp2mSde };
  let compared = 0;
  for (const [name, expected] of Object.entries(diffusersTensors)) {
    const [sampler, grid, prediction] = name.split(".") as [string, string, string];
    const { x } = await sampleMixture(plugins[sampler]!, { times: gridTimes(grid), prediction });
    assertClose(x.flatMap((values) => [...values]), expected.data as Float32Array, tolerance, name);
    compared++;
  }
  assert.equal(compared, 20);
});

Deno.test("every sampler gives the same samples for ε, v and x₀ predictions of a perfect network", async () => {
  for (const [name, plugin, options] of goldens) {
    const times = gridTimes("uniform_logsnr_shift1_n6");
    const runs = await Promise.all(["epsilon", "v_prediction", "sample"].map((prediction) => {
      return sampleMixture(plugin, { times, options, prediction });
    }));
    for (const { x } of runs.slice(1)) assertClose(x.at(-1)!, runs[0]!.x.at(-1)!, tolerance, name);
  }
});

const identities: readonly [string, [Plugin<"scheduler">, unknown?], [Plugin<"scheduler">, unknown?]][] = [
  ["euler is ddim with η = 0", [euler], [ddim, { eta: 0 }]],
  ["euler-ancestral is ddim with η = 1", [eulerAncestral], [ddim, { eta: 1 }]],
  ["dpmpp-2m-sde with η = 0 is dpmpp-2m", [dpmpp2mSde, { eta: 0 }], [dpmpp2m]],
  ["stable-cascade is ddim with η = 1", [stableCascade], [ddim, { eta: 1 }]],
];
for (const [fact, [one, oneOptions], [other, otherOptions]] of identities) {
  Deno.test(fact, async () => {
    const times = gridTimes("karras7_shift1_n12");
    const a = await sampleMixture(one, { times, options: oneOptions });
    const b = await sampleMixture(other, { times, options: otherOptions });
    for (const [i, x] of a.x.entries()) assertClose(x, b.x[i]!, 5e-6, `step ${i}`);
  });
}

const orders: readonly [Plugin<"scheduler">, number][] = [[euler, 1], [ddim, 1], [heun, 2], [dpmpp2m, 2]];
for (const [plugin, order] of orders) {
  Deno.test(`${plugin.name} converges with order ${order} on a uniform log-SNR grid`, async () => {
    const errors: number[] = [];
    for (const n of [16, 32, 64, 128]) {
      errors.push(await errorOf(plugin, { times: spacedTimesteps(n, { spacing: "log-snr", schedule }) }));
    }
    const found = errors.slice(1).map((error, i) => Math.log2(errors[i]! / error));
    for (const value of found) {
      assert(
        Math.abs(value - order) < 0.2,
        `orders ${found.map((value) => value.toFixed(3))}`,
      );
    }
    const name = ({ ddim: "ddim_eta0", "dpmpp-2m": "dpmpp_2m" } as Record<string, string>)[plugin.name] ?? plugin.name;
    const wanted = samplerFixture.manifest["convergence"][`${name}.uniform_logsnr`].rms_error as number[];
    assertClose(errors, wanted.slice(1, 5), 1e-5, "errors");
  });
}

Deno.test("a step without length leaves the sample where it is, in every sampler that draws no noise anew", async () => {
  const times = [0.5, 0.5, 0.5];
  for (const [name, plugin, options] of goldens.filter(([name]) => name !== "lcm")) {
    const { x } = await sampleMixture(plugin, { times, options });
    assertClose(x.at(-1)!, x[0]!, 1e-5, name);
  }
});

Deno.test("dpmpp-2m goes on after a step without length", async () => {
  const [plain, repeated] = await Promise.all([[0.9, 0.4], [0.9, 0.9, 0.4]].map((times) => {
    return sampleMixture(dpmpp2m, { times });
  }));
  assertClose(repeated!.x.at(-1)!, plain!.x.at(-1)!, 0, "a repeated time has no slope to lean on");
});
