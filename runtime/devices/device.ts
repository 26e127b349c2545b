/**
 * What networks can run on.
 * @module
 */

/** Names of devices, as `--device` takes them: ONNX Runtime's names of its execution providers, and `auto`. */
export const deviceNames = ["auto", "cpu", "cuda", "tensorrt", "webgpu", "coreml", "dml"] as const;

/** A device, or `auto`: CUDA where it is ready, else the processor. */
export type DeviceName = typeof deviceNames[number];

/** What a session runs on. */
export type Device = Exclude<DeviceName, "auto">;
