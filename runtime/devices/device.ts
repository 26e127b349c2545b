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

/** The networks of a model, by what a device can be chosen for. */
export const deviceStages = ["text", "prior", "decoder", "autoencoder", "compressor"] as const;

/** A network of a model. */
export type DeviceStage = typeof deviceStages[number];

/** One device for all networks, or one for each; the processor where left out. */
export type DeviceChoice = DeviceName | Readonly<Partial<Record<DeviceStage, DeviceName>>>;
