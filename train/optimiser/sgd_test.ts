import { compareRun } from "../../tests/optimiser_run.ts";
import { sgd } from "./sgd.ts";

Deno.test("sgd() steps as torch.optim.SGD", async () => {
  await compareRun("sgd", sgd());
});

Deno.test("sgd() with momentum and weight decay steps as torch.optim.SGD", async () => {
  await compareRun("sgd with momentum and decay", sgd({ momentum: 0.9, weightDecay: 0.02 }));
});

Deno.test("sgd() with Nesterov's momentum steps as torch.optim.SGD", async () => {
  await compareRun("sgd with nesterov", sgd({ momentum: 0.8, nesterov: true }));
});
