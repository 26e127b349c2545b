/**
 * What the page and its worker say to each other.
 * @module
 */

/** What is painted. */
export interface PaintRequest {
  readonly prompt: string;
  readonly seed: number;
  /** Of Stage C. */
  readonly steps: number;
}

/** From the page. */
export type Order =
  | { readonly type: "open"; readonly build: string; readonly device: "auto" | "webgpu" | "wasm" }
  | ({ readonly type: "paint" } & PaintRequest)
  | { readonly type: "stop" };

/** Pixels of a preview, RGBA. */
export interface PreviewPixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/** What the model can do, and what it runs on. */
export interface Ready {
  /** In words: `WebGPU`, `WebAssembly, 4 threads`. */
  readonly runsOn: string;
  /** Why it does not run on something faster, and what helps. */
  readonly notice?: string | undefined;
  readonly steps: number;
  readonly width: number;
  readonly height: number;
}

/** A picture that is done. */
export interface Painted extends PaintRequest {
  /** A PNG, with its settings inside. */
  readonly png: Uint8Array<ArrayBuffer>;
  readonly seconds: number;
}

/** From the worker. */
export type Report =
  | { readonly type: "loading"; readonly done: number; readonly total: number }
  | ({ readonly type: "ready" } & Ready)
  | { readonly type: "progress"; readonly stage: string; readonly done: number; readonly total: number }
  | ({ readonly type: "preview" } & PreviewPixels)
  | ({ readonly type: "painted" } & Painted)
  | { readonly type: "stopped" }
  | { readonly type: "failed"; readonly message: string };
