/**
 * Which Python packages hold what ONNX Runtime needs for CUDA on Linux x86_64.
 * @module
 */

/** A package, and what is taken out of it. */
export interface CudaPackage {
  /** Its name in a package index. */
  readonly project: string;
  /** The version, or a beginning of it. */
  readonly version: string;
  /** Paths in its wheel that are taken. */
  readonly files: RegExp;
  /** Libraries that it is there for: where the system has all of them it is left out. */
  readonly libraries: readonly string[];
}

const nvidia = /^nvidia\/(?:[^/]+\/)+lib\/lib[\w.+-]+\.so(?:\.\d+)*$/;

/**
 * What version `1.30` of ONNX Runtime was built for: CUDA 13 and cuDNN 9 (the `cuda` and `cudnn` extras of `onnxruntime-gpu` 1.30.0, cuFFT
 * left out, which it loads for Fourier transforms alone).
 */
export const builtFor = "1.30";

/** The packages, the runtime's own first. */
export function cudaPackages(version: string): readonly CudaPackage[] {
  return [
    {
      project: "onnxruntime-gpu",
      version,
      files: /^onnxruntime\/capi\/libonnxruntime_providers_\w+\.so$/,
      libraries: ["libonnxruntime_providers_cuda.so", "libonnxruntime_providers_shared.so"],
    },
    { project: "nvidia-cuda-runtime", version: "13", files: nvidia, libraries: ["libcudart.so.13"] },
    { project: "nvidia-cuda-nvrtc", version: "13", files: nvidia, libraries: ["libnvrtc.so.13"] },
    { project: "nvidia-cublas", version: "13", files: nvidia, libraries: ["libcublas.so.13", "libcublasLt.so.13"] },
    { project: "nvidia-curand", version: "10", files: nvidia, libraries: ["libcurand.so.10"] },
    { project: "nvidia-cudnn-cu13", version: "9", files: nvidia, libraries: ["libcudnn.so.9"] },
  ];
}

/** Libraries that nothing asks for by its header, and that are loaded by name while networks run. */
export const loadedLater: readonly string[] = ["libcudnn.so.9", "libnvrtc.so.13"];
