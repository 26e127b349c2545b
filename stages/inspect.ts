/**
 * Looks into a model's networks without weights: shapes, parameters and operations of every part.
 * @module
 */
import { clipTextWithProjection } from "../networks/clip_text.ts";
import { compressorChannels, embedPixels } from "../networks/compressor.ts";
import { wuerstchenDiffNeXt } from "../networks/diffnext.ts";
import { paellaDecode, paellaEncode, paellaQuantize } from "../networks/paella_vq.ts";
import { previewDecoder } from "../networks/preview_decoder.ts";
import { predictNoise, stageCClassName } from "../networks/stage_c.ts";
import { encodeText, isT5, textClassName, type TextEncoderConfig } from "../networks/text_encoder.ts";
import { graph, input, nodeFlops, peakActivationBytes, type Shape, traceScopes, type Value } from "../onnx/mod.ts";
import type { ModelConfigs } from "./published_configs.ts";

/** A part of a network, named by one piece of its scope path. */
export interface ScopeTree {
  readonly name: string;
  /** What the scope returns; unknown for a scope that only groups others. */
  readonly shape?: Shape;
  /** Numbers of its checkpoint in it and below. */
  readonly parameters: number;
  /** Floating-point operations of one run in it and below, a multiplication and its addition as two. */
  readonly flops: number;
  readonly children: readonly ScopeTree[];
}

/** A network of a model. */
export interface NetworkTree extends ScopeTree {
  /** The class of diffusers or transformers that it stands for. */
  readonly className: string;
  /** Operators of one run. */
  readonly nodes: number;
  /** Most bytes of activations at once, in one run at batch 1. */
  readonly activationBytes: number;
}

/** Sizes of one picture, in cells. */
export interface InspectSizes {
  readonly prior: { readonly height: number; readonly width: number };
  readonly decoder: { readonly height: number; readonly width: number };
}

interface MutableTree {
  name: string;
  shape?: Shape;
  parameters: number;
  flops: number;
  children: Map<string, MutableTree>;
}

/**
 * Builds a network and adds up what its scopes hold.
 *
 * @param build returns the outputs by name
 */
export function inspectNetwork(
  { name, className }: { name: string; className: string },
  build: () => Record<string, Value>,
): NetworkTree {
  const { result, scopes, parameters } = traceScopes(build);
  const outputs = Object.values(result);
  const root: MutableTree = { name, parameters: 0, flops: 0, children: new Map(), shape: outputs[0]!.shape };
  for (const [path, value] of scopes) descend(root, path).at(-1)!.shape = value.shape;
  for (const [key, shape] of parameters) {
    const count = shape.reduce((product, dim) => product * dim, 1);
    // The last piece of a key is the parameter's own name.
    const path = key.slice(0, Math.max(0, key.lastIndexOf(".")));
    for (const part of descend(root, path)) part.parameters += count;
  }
  const whole = graph({ outputs: result });
  for (const node of whole.nodes) {
    const flops = nodeFlops(node);
    if (flops > 0) { for (const part of descend(root, node.scope)) part.flops += flops; }
  }
  return { ...freeze(root), className, nodes: whole.nodes.length, activationBytes: peakActivationBytes(whole) };
}

/** The trees on the way from the root to a scope path, both included; those that are missing are made. */
function descend(root: MutableTree, path: string): MutableTree[] {
  const trees = [root];
  if (path === "") return trees;
  for (const name of path.split(".")) {
    const { children } = trees.at(-1)!;
    let child = children.get(name);
    if (!child) {
      child = { name, parameters: 0, flops: 0, children: new Map() };
      children.set(name, child);
    }
    trees.push(child);
  }
  return trees;
}

function freeze({ children, ...tree }: MutableTree): ScopeTree {
  return { ...tree, children: [...children.values()].map(freeze) };
}

/**
 * Inspects all networks of a model for one picture: one run each at batch 1.
 *
 * @throws {GraphError} where a configuration contradicts itself
 */
export function inspectModel(configs: ModelConfigs, sizes: InspectSizes): NetworkTree[] {
  const { prior, decoder, vqgan, tokens, compressor, preview } = configs;
  const r = () => input("r", "float32", [1]);
  const { height, width } = sizes.decoder;
  const scale = vqgan.up_down_scale_factor * 2 ** (vqgan.levels - 1);
  const latents = () => input("latents", "float32", [1, vqgan.latent_channels, height, width]);
  const pixels = (channels: number) => input("pixels", "float32", [1, channels, height * scale, width * scale]);
  const paella = "PaellaVQModel";
  const cells = [sizes.prior.height, sizes.prior.width] as const;
  const networks = [
    textTree("prior_text_encoder", { config: configs.priorText, tokens: tokens.prior }),
    inspectNetwork({ name: "prior", className: stageCClassName(prior) }, () => {
      const x = input("x", "float32", [1, prior.c_in, sizes.prior.height, sizes.prior.width]);
      const c = input("c", "float32", [1, tokens.prior, prior.c_cond]);
      return { noise: predictNoise(prior, { x, r: r(), c }) };
    }),
    textTree("decoder_text_encoder", { config: configs.decoderText, tokens: tokens.decoder }),
    inspectNetwork({ name: "decoder", className: "WuerstchenDiffNeXt" }, () => {
      const x = input("x", "float32", [1, decoder.c_in, height, width]);
      const effnet = input("effnet", "float32", [1, decoder.effnet_embd, sizes.prior.height, sizes.prior.width]);
      const clip = input("clip", "float32", [1, tokens.decoder, decoder.clip_embd]);
      return { noise: wuerstchenDiffNeXt(decoder, { x, r: r(), effnet, clip }) };
    }),
    inspectNetwork({ name: "vqgan decode", className: paella }, () => ({ pixels: paellaDecode(vqgan, latents()) })),
    inspectNetwork({ name: "vqgan encode", className: paella }, () => ({
      latents: paellaEncode(vqgan, pixels(vqgan.in_channels)),
    })),
    inspectNetwork({ name: "vqgan quantise", className: paella }, () => {
      const { quantized, codes } = paellaQuantize(vqgan, latents());
      return { quantized, codes };
    }),
  ];
  if (compressor) {
    networks.push(inspectNetwork({ name: "compressor", className: compressor._class_name }, () => ({
      embedding: embedPixels(compressor, pixels(compressorChannels(compressor)), { cells }),
    })));
  }
  if (preview) {
    networks.push(inspectNetwork({ name: "preview", className: "Previewer" }, () => ({
      pixels: previewDecoder(preview, input("embedding", "float32", [1, preview.c_in, ...cells])),
    })));
  }
  return networks;
}

function textTree(name: string, { config, tokens }: { config: TextEncoderConfig; tokens: number }): NetworkTree {
  const shape = [1, tokens];
  return inspectNetwork({ name, className: textClassName(config) }, () => {
    const inputs = { ids: input("ids", "int64", shape), mask: input("mask", "int64", shape) };
    if (isT5(config) || !config.architectures.includes("CLIPTextModelWithProjection")) {
      return { states: encodeText(config, inputs) };
    }
    const { lastHiddenState: states, textEmbeds: embeds } = clipTextWithProjection(config, inputs);
    return { states, embeds };
  });
}
