/**
 * What comes along and needs no native code, as plugins: a static list, so that compiled programs and bundles have it too.
 * @module
 */
import ddim from "../schedulers/ddim.ts";
import ddpmWuerstchen from "../schedulers/ddpm_wuerstchen.ts";
import dpmpp2m from "../schedulers/dpmpp_2m.ts";
import dpmpp2mSde from "../schedulers/dpmpp_2m_sde.ts";
import euler from "../schedulers/euler.ts";
import eulerAncestral from "../schedulers/euler_ancestral.ts";
import heun from "../schedulers/heun.ts";
import lcm from "../schedulers/lcm.ts";
import stableCascade from "../schedulers/stable_cascade.ts";
import captionAccuracy from "./builtin/caption_accuracy.ts";
import clipText from "./builtin/clip_text.ts";
import diffNeXt from "./builtin/diffnext.ts";
import ditPrior from "./builtin/dit_prior.ts";
import featureDistance from "./builtin/feature_distance.ts";
import format from "./builtin/format.ts";
import fromImage from "./builtin/from_image.ts";
import interpolate from "./builtin/interpolate.ts";
import joinedText from "./builtin/joined_text.ts";
import paellaVq from "./builtin/paella_vq.ts";
import psnr from "./builtin/psnr.ts";
import refine from "./builtin/refine.ts";
import resize from "./builtin/resize.ts";
import semanticCompressor from "./builtin/semantic_compressor.ts";
import sharpen from "./builtin/sharpen.ts";
import ssim from "./builtin/ssim.ts";
import storedText from "./builtin/stored_text.ts";
import t5Text from "./builtin/t5_text.ts";
import upscale from "./builtin/upscale.ts";
import wasmRuntime from "./builtin/wasm_runtime.ts";
import wuerstchenPrior from "./builtin/wuerstchen_prior.ts";
import type { Plugin } from "./define.ts";
import { Registry } from "./registry.ts";

/** The plugins that run anywhere. */
export const portablePlugins: readonly Plugin[] = [
  ddpmWuerstchen,
  ddim,
  euler,
  eulerAncestral,
  heun,
  dpmpp2m,
  dpmpp2mSde,
  lcm,
  stableCascade,
  clipText,
  t5Text,
  joinedText,
  storedText,
  wuerstchenPrior,
  ditPrior,
  fromImage,
  interpolate,
  diffNeXt,
  paellaVq,
  semanticCompressor,
  resize,
  upscale,
  sharpen,
  refine,
  format,
  psnr,
  ssim,
  featureDistance,
  captionAccuracy,
  wasmRuntime,
] as unknown as readonly Plugin[];

/** A new registry of what runs anywhere. */
export function portableRegistry(): Registry {
  return new Registry(portablePlugins);
}
