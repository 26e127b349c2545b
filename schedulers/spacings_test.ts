import assert from "node:assert/strict";
import { ConfigError } from "../errors.ts";
import { assertClose, readFixture } from "../tests/read_fixture.ts";
import { samplerFixture } from "../tests/sampler_case.ts";
import { cosineSchedule } from "./cosine_schedule.ts";
import { logSnr } from "./noise_level.ts";
import { shiftTimes, spacedTimesteps, spacingNames } from "./spacings.ts";
import { uniformTimesteps } from "./timesteps.ts";

const schedule = cosineSchedule();
const levels = (times: ArrayLike<number>) => Array.from(times, (t) => logSnr(schedule.alphaCumprod(t)));

Deno.test("every spacing and shift gives the golden grid", () => {
  const names = { uniform: "linear_t", "log-snr": "uniform_logsnr", karras: "karras7" } as const;
  let compared = 0;
  for (const spacing of spacingNames) {
    for (const shift of [1, 2]) {
      for (const n of [6, 12, 20]) {
        const name = `grid.${names[spacing]}_shift${shift}_n${n}`;
        if (!(name in samplerFixture.tensors)) continue;
        const times = shiftTimes(spacedTimesteps(n, { spacing, schedule }), { shift, schedule });
        // Even times are float32, as torch's are.
        const atol = spacing === "uniform" ? 2e-5 : 1e-9;
        assertClose(levels(times), samplerFixture.tensor<"float64">(name).data, atol, name);
        compared++;
      }
    }
  }
  assert.equal(compared, 10);
});

Deno.test("shifted times equal what Stable Cascade's official code tells its networks", () => {
  const { tensor, atol } = readFixture("../cascade_scheduler/gdf_tables");
  for (
    const [name, shift, n] of [["shift1_steps6", 1, 6], ["shift2_steps6", 2, 6], ["shift2_steps20", 2, 20]] as const
  ) {
    const times = shiftTimes(uniformTimesteps(n), { shift, schedule });
    assertClose(times, tensor(`${name}.noise_cond`).data, atol(`${name}.noise_cond`), `${name}.noise_cond`);
    assertClose(levels(times), tensor(`${name}.logSNR`).data, atol(`${name}.logSNR`), `${name}.logSNR`);
  }
});

Deno.test("every spacing runs from the noisy to the clean end, falling", () => {
  for (const spacing of spacingNames) {
    const times = spacedTimesteps(30, { spacing, schedule });
    assert.equal(times.length, 31);
    assertClose(
      [schedule.alphaCumprod(times[0]!), schedule.alphaCumprod(times[30]!)],
      [0.0001, 0.9999],
      1e-12,
      spacing,
    );
    assert(Array.from(times).every((t, i) => i === 0 || t < times[i - 1]!), spacing);
    assert.throws(() => spacedTimesteps(0, { spacing, schedule }), ConfigError);
  }
});

Deno.test("a shift above 1 moves every inner time towards noise, one below towards data", () => {
  const times = [0.8, 0.5, 0.2];
  const moved = (shift: number) => shiftTimes(times, { shift, schedule });
  assert(moved(2).every((t, i) => t > times[i]!));
  assert(moved(0.5).every((t, i) => t < times[i]!));
  assertClose(moved(1), times, 1e-9, "shift 1");
});
