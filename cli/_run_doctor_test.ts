import assert from "node:assert/strict";
import { commandLine } from "../tests/command_line.ts";
import { formatDoctor } from "./_run_doctor.ts";

Deno.test("what a machine has and lacks is listed, with the steps", () => {
  const text = formatDoctor({
    machine: {
      os: "linux",
      arch: "x86_64",
      cpu: { model: "Xeon", cores: 2, features: ["avx2", "fma"] },
      gpus: [{ vendor: "NVIDIA", model: "NVIDIA A100" }, { vendor: "Intel" }],
      nvidiaDriver: "535.104.05",
      vulkanDrivers: [],
      vulkanLoader: false,
      providers: {},
      libraries: "/ort",
    },
    runtime: { version: "1.30.0", providers: ["cpu", "cuda"] },
    devices: [
      { device: "cpu", ready: true, reason: "Xeon" },
      { device: "cuda", ready: false, reason: "driver 535 is too old", step: "install another" },
      { device: "dml", ready: false, reason: "only Windows has it" },
    ],
  }, { freeMemory: 4.2e9 });
  assert.equal(
    text,
    `system         linux x86_64
processor      Xeon, 2 cores (avx2, fma)
free memory    4.2 GB
graphics       NVIDIA A100, Intel
NVIDIA driver  535.104.05
ONNX Runtime   1.30.0, in /ort

cpu            ready: Xeon
cuda           not ready: driver 535 is too old
               to enable it: install another
dml            not ready: only Windows has it
`,
  );
});

Deno.test("doctor --json tells this machine's devices, and the processor is ready everywhere", async () => {
  const [command, ...first] = commandLine();
  const { code, stdout, stderr } = await new Deno.Command(command, { args: [...first, "doctor", "--json"] }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const { devices, runtime, machine } = JSON.parse(new TextDecoder().decode(stdout));
  assert.deepEqual(devices[0].device, "cpu");
  assert.equal(devices[0].ready, true);
  assert.ok(runtime.providers.includes("cpu") && machine.cpu.cores > 0);
  assert.match(runtime.version, /^\d+\.\d+\.\d+/);
});
Deno.test("a device that this machine lacks ends generate with exit code 2 before anything is read", async () => {
  const device = Deno.build.os === "darwin" ? "dml" : "coreml";
  const [command, ...first] = commandLine();
  const { code, stderr } = await new Deno.Command(command, {
    args: [...first, "generate", "x", "--device", `prior=${device}`],
  }).output();
  assert.equal(code, 2);
  assert.match(
    new TextDecoder().decode(stderr),
    new RegExp(`^error: Cannot run on ${device}: only \\w+ has it; .*\n$`),
  );
});
