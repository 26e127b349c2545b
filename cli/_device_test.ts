import assert from "node:assert/strict";
import { deviceOption } from "./_device.ts";

Deno.test("--device takes one device, or one for each network", () => {
  assert.equal(deviceOption("cuda"), "cuda");
  assert.deepEqual(deviceOption("prior=cuda,decoder=cpu"), { prior: "cuda", decoder: "cpu" });
});

Deno.test("--device refuses other words, with those that there are", () => {
  for (const text of ["gpu", "", "prior=gpu", "stage=cuda", "prior=cuda=cpu", "prior", "prior=cuda,"]) {
    assert.throws(() => deviceOption(text), {
      name: "ConfigError",
      message:
        /^Expected --device to be auto, cpu, .*prior=cuda,decoder=cpu \(of prior, prior_text_encoder, .*\), but found "/,
    }, text);
  }
});
