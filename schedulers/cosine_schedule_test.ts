import assert from "node:assert/strict";
import { assertClose, readFixture } from "../tests/read_fixture.ts";
import { samplerFixture } from "../tests/sampler_case.ts";
import { ConfigError } from "../errors.ts";
import { cosineSchedule } from "./cosine_schedule.ts";
import { alphaOfLogSnr } from "./noise_level.ts";

Deno.test("alphaCumprod32() equals diffusers' on a fine grid", () => {
  const { tensor, atol } = readFixture("scheduler/alpha_grid");
  for (const scaler of [0.5, 1, 2]) {
    const name = `alpha_cumprod.scaler${scaler.toFixed(1)}`;
    const found = Array.from(tensor("t").data, cosineSchedule({ scaler }).alphaCumprod32);
    assertClose(found, tensor(name).data, atol(name), name);
  }
});

Deno.test("alphaCumprod() equals the golden table in float64, and timeOf() its times", () => {
  const { alphaCumprod, timeOf } = cosineSchedule();
  const { tensor } = samplerFixture;
  const times = tensor<"float64">("table.t").data;
  assertClose(Array.from(times, alphaCumprod), tensor<"float64">("table.alpha_bar").data, 1e-14, "alpha_bar");
  const logSnrs = tensor<"float64">("table.logSNR_shift1").data;
  const found = Array.from(logSnrs, (value) => timeOf(alphaOfLogSnr(value)));
  assertClose(found, tensor<"float64">("table.noise_cond_shift1").data, 1e-9, "noise_cond");
});

Deno.test("timeOf() is the inverse of alphaCumprod() between the clamped ends, whatever bends time", () => {
  for (const options of [{}, { scaler: 2 }, { scaler: 0.5 }, { s: 0 }, { s: 0.1 }]) {
    const { alphaCumprod, timeOf } = cosineSchedule(options);
    for (const t of [0.05, 0.3, 0.5, 0.8, 0.95]) {
      const alpha = alphaCumprod(t);
      if (alpha > 0.0001 && alpha < 0.9999) {
        assertClose([timeOf(alpha)], [t], 1e-9, `${JSON.stringify(options)} at ${t}`);
      }
    }
    assert(timeOf(0) > 0.8 && timeOf(0) <= 1 && timeOf(1) >= 0 && timeOf(1) < 0.2, JSON.stringify(options));
  }
});

Deno.test("an option out of its range is a ConfigError", () => {
  for (const options of [{ s: -0.1 }, { s: NaN }, { s: Infinity }, { scaler: 0 }, { scaler: -1 }, { scaler: NaN }]) {
    assert.throws(() => cosineSchedule(options), ConfigError, JSON.stringify(options));
  }
});
