/**
 * Puts the sessions of a runtime on a device.
 * @module
 */
import type { Device } from "../runtime/devices/device.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** A runtime whose sessions run on a device; the runtime itself where none is given. */
export function onDevice<Given extends Runtime | undefined>(runtime: Given, device: Device | undefined): Given {
  if (device === undefined || runtime === undefined) return runtime;
  return { ...runtime, createSession: (model, options) => runtime.createSession(model, { ...options, device }) };
}
