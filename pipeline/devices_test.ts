import assert from "node:assert/strict";
import type { Diagnosis } from "../runtime/devices/diagnose.ts";
import type { SessionOptions } from "../runtime/runtime.ts";
import { chooseDevices, type DeviceChoice, deviceLabel } from "./devices.ts";
import { onDevice } from "./on_device.ts";

const cpu: Diagnosis = { device: "cpu", ready: true, reason: "Xeon" };
const cuda: Diagnosis = { device: "cuda", ready: true, reason: "NVIDIA A100" };
const old: Diagnosis = { device: "cuda", ready: false, reason: "driver 400 is too old", step: "install another" };
const none: Diagnosis = { device: "cuda", ready: false, reason: "no NVIDIA GPU was found" };

const choose = (choice: DeviceChoice | undefined, ...found: Diagnosis[]) => {
  return chooseDevices(choice, { find: () => Promise.resolve([cpu, ...found]) });
};

Deno.test("the processor is chosen without a look at the machine", async () => {
  const find = () => assert.fail("asked");
  for (const choice of [undefined, "cpu", { prior: "cpu" }] as const) {
    assert.deepEqual(await chooseDevices(choice, { find }), { networks: {}, notices: [] });
  }
});

Deno.test("one device is for all networks, and several each for their own", async () => {
  const { networks } = await choose("cuda", cuda);
  assert.deepEqual(Object.keys(networks).length, 6);
  const some = await choose({ prior: "cuda", decoder: "cpu" }, cuda);
  assert.deepEqual(some, { networks: { prior: "cuda" }, notices: [] });
  assert.deepEqual([await choose("cuda", cuda), some, await choose("cpu")].map(deviceLabel), [
    " on cuda",
    " on prior=cuda",
    "",
  ]);
});

Deno.test("a plan for another machine takes devices at their word, and looks for auto alone", async () => {
  const isElsewhere = true;
  const find = () => assert.fail("asked");
  const { networks } = await chooseDevices({ prior: "tensorrt", vqgan: "cpu" }, { isElsewhere, find });
  assert.deepEqual(networks, { prior: "tensorrt" });
  const found = await chooseDevices("auto", { isElsewhere, find: () => Promise.resolve([cpu, none]) });
  assert.deepEqual(found, { networks: {}, notices: [] });
});

Deno.test("a device that is not ready is refused with what it lacks; it does not fall back", async () => {
  await assert.rejects(choose("cuda", old), {
    name: "ConfigError",
    message: "Cannot run on cuda: driver 400 is too old; install another (wuerstchen doctor says more)",
  });
  await assert.rejects(choose({ vqgan: "cuda" }, none), {
    message: "Cannot run on cuda: no NVIDIA GPU was found; choose another device (wuerstchen doctor says more)",
  });
});

Deno.test("auto takes CUDA where it is ready, says why it does not use a card, and nothing where there is none", async () => {
  assert.deepEqual((await choose("auto", cuda)).networks.prior, "cuda");
  assert.deepEqual(await choose("auto", old), {
    networks: {},
    notices: [
      "running on the processor, since cuda is not ready: driver 400 is too old; install another (wuerstchen doctor says more)",
    ],
  });
  assert.deepEqual(await choose("auto", none), { networks: {}, notices: [] });
});

Deno.test("other names of devices and networks are refused with those that there are", async () => {
  await assert.rejects(choose("gpu" as "cuda"), {
    name: "ConfigError",
    message: /auto, cpu, cuda, .* but found "gpu"/,
  });
  const choice = { stageC: "cuda" } as unknown as DeviceChoice;
  await assert.rejects(choose(choice, cuda), {
    name: "ConfigError",
    message: /prior, prior_text_encoder, .* one of "stageC"/,
  });
});

Deno.test("a runtime on a device tells its sessions, and leaves their other options", async () => {
  const asked: SessionOptions[] = [];
  const runtime = {
    name: "mine",
    version: () => Promise.resolve("1"),
    createSession: (_: Uint8Array, options: SessionOptions) => {
      asked.push(options);
      return Promise.reject(new Error("none"));
    },
  };
  assert.equal(onDevice(runtime, undefined), runtime);
  await assert.rejects(onDevice(runtime, "cuda").createSession(new Uint8Array(), { threads: 1 }));
  assert.deepEqual(asked, [{ threads: 1, device: "cuda" }]);
});
