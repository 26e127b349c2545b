import { compareRun } from "../../tests/optimiser_run.ts";
import { lion } from "./lion.ts";

Deno.test("lion() steps as its paper's program", async () => {
  await compareRun("lion", lion());
});

Deno.test("lion() with weight decay steps as its paper's program", async () => {
  await compareRun("lion with decay", lion({ beta1: 0.95, beta2: 0.98, weightDecay: 0.5 }));
});
