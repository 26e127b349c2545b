import { compareRun } from "../../tests/optimiser_run.ts";
import { adamW } from "./adamw.ts";

Deno.test("adamW() steps as torch.optim.AdamW", async () => {
  await compareRun("adamw", adamW());
});

Deno.test("adamW() with other settings steps as torch.optim.AdamW", async () => {
  const settings = { beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.3 };
  await compareRun("adamw, other settings, clipped", adamW(settings));
});
