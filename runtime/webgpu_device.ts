/**
 * The graphics card that ONNX Runtime gets in a browser.
 * @module
 */

/** Fewest lanes of a subgroup with which ONNX Runtime's attention is right. */
const leastLanes = 8;

/**
 * Opens the fastest graphics card with all that networks use of it, but for subgroups of fewer than 8 lanes. With those ONNX Runtime's
 * attention (`flash_attention.wgsl.template`, 1.30) gives wrong numbers from 32 queries on: it adds up 8 keys in each step, of which such a
 * subgroup holds fewer. Where a device has no subgroups it shares keys through memory instead (microsoft/onnxruntime, pull request 28520).
 *
 * @returns nothing where there is no WebGPU, which ONNX Runtime finds words for
 */
export async function openWebgpuDevice(): Promise<GPUDevice | undefined> {
  const { gpu } = navigator as Navigator & { gpu?: GPU };
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return undefined;
  const wanted: GPUFeatureName[] = ["shader-f16", "subgroups"];
  const requiredFeatures = wanted.filter((name) => {
    return adapter.features.has(name) && (name !== "subgroups" || adapter.info.subgroupMinSize >= leastLanes);
  });
  const requiredLimits: Record<string, number> = {};
  // Limits are getters of the class, which Object.entries() does not see.
  for (const name in adapter.limits) requiredLimits[name] = adapter.limits[name as keyof GPUSupportedLimits] as number;
  return await adapter.requestDevice({ requiredFeatures, requiredLimits });
}
