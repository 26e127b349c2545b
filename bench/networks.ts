/**
 * Opens the network of a case, and knows which weights it would need.
 * @module
 */
import { join } from "node:path";
import { clipText, clipTextConfig } from "../networks/clip_text.ts";
import { parseConfig } from "../networks/config.ts";
import { diffNeXtConfig, wuerstchenDiffNeXt } from "../networks/diffnext.ts";
import { paellaDecode, paellaEncode, paellaQuantize, paellaVqConfig } from "../networks/paella_vq.ts";
import { priorConfig, wuerstchenPrior } from "../networks/prior.ts";
import { countFlops, type Graph, input, resolveShape, traceScopes } from "../onnx/mod.ts";
import { AutoencoderStage } from "../stages/autoencoder.ts";
import { DecoderStage } from "../stages/decoder.ts";
import type { Network, NetworkOptions } from "../stages/network.ts";
import { PriorStage } from "../stages/prior.ts";
import { TextEncoderStage } from "../stages/text_encoder.ts";
import { TorchGenerator } from "../tensor/random/torch_generator.ts";
import { sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";
import { loadClipTokenizer } from "../text/load_clip_tokenizer.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import type { WeightsName } from "../weights/find_checkpoint.ts";
import { readJson } from "../weights/read_json.ts";
import type { Case, NetworkClass, RunSizes } from "./cases.ts";

/** Shape of each tensor of a checkpoint by key. */
export type Parameters = ReadonlyMap<string, readonly number[]>;

/** Name of the weights file of a network, without its ending. */
export function stemOf(network: NetworkClass): WeightsName["stem"] {
  return network === "CLIPTextModel" ? "model" : "diffusion_pytorch_model";
}

/** Every tensor that a checkpoint of this class and configuration holds. */
export function parametersOf(network: NetworkClass, config: Readonly<Record<string, unknown>>): Parameters {
  return traceScopes(() => declare(network, config)).parameters;
}

function declare(network: NetworkClass, values: Readonly<Record<string, unknown>>): void {
  const float = (name: string, ...shape: number[]) => input(name, "float32", shape);
  switch (network) {
    case "CLIPTextModel": {
      clipText(clipTextConfig.parse(values), {
        ids: input("ids", "int64", [1, 1]),
        mask: input("mask", "int64", [1, 1]),
      });
      return;
    }
    case "WuerstchenPrior": {
      const config = priorConfig.parse(values);
      wuerstchenPrior(config, {
        x: float("x", 1, config.c_in, 1, 1),
        r: float("r", 1),
        c: float("c", 1, 1, config.c_cond),
      });
      return;
    }
    case "WuerstchenDiffNeXt": {
      const config = diffNeXtConfig.parse(values);
      const side = config.patch_size * 2 ** (config.c_hidden.length - 1);
      wuerstchenDiffNeXt(config, {
        x: float("x", 1, config.c_in, side, side),
        r: float("r", 1),
        effnet: float("effnet", 1, config.effnet_embd, 1, 1),
        clip: float("clip", 1, 1, config.clip_embd),
      });
      return;
    }
    case "PaellaVQModel": {
      const config = paellaVqConfig.parse(values);
      const side = config.up_down_scale_factor * 2 ** (config.levels - 1);
      paellaDecode(config, float("latents", 1, config.latent_channels, 1, 1));
      paellaQuantize(config, float("latents", 1, config.latent_channels, 1, 1));
      paellaEncode(config, float("pixels", 1, config.in_channels, side, side));
    }
  }
}

/** A network with what it takes to load and run it once. */
export interface OpenCase {
  /** Bytes of its weights. */
  readonly bytes: number;
  /** The whole graph, for the shapes of its inputs. */
  readonly graph: Graph;
  /** Floating-point operations of a run after the first, which also computes what the fixed inputs decide. */
  readonly flops: number;
  /** The same by the operators that do them. */
  readonly flopsByOperator: ReadonlyMap<string, number>;
  load(): Promise<unknown>;
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

/** Opens the network of a case with the stage that the pipeline uses. */
export async function openCase(
  { network, folder, sizes: { batch, ...sizes } }: Case,
  options: NetworkOptions,
): Promise<OpenCase> {
  const file = join(folder, "config.json");
  const json = await readJson(file);
  const checkpoint = await openCheckpoint(folder, { stem: stemOf(network) });
  const prepared = <Sizes>(own: Network<Sizes>, at: Sizes): OpenCase => ({
    bytes: checkpoint.bytes,
    graph: own.graph(at),
    get flops() {
      return countFlops(own.parts(at).each.nodes, { batch });
    },
    get flopsByOperator() {
      const byOperator = Map.groupBy(own.parts(at).each.nodes, ({ op }) => op);
      return new Map([...byOperator].map(([op, nodes]) => [op, countFlops(nodes, { batch })]));
    },
    load: () => own.load(at),
    run: (inputs) => own.run(inputs),
    release: () => own.release(),
  });
  const { height = 1, width = 1, embedding = { height: 1, width: 1 }, tokens = 1, copies = 1 } = sizes;
  switch (network) {
    case "CLIPTextModel": {
      const config = parseConfig(clipTextConfig, json, { file });
      // Token ids are given directly: the stage wants a tokenizer, and any will do.
      const tokenizer = await loadClipTokenizer(join(import.meta.dirname!, "../models/emoji/prior/tokenizer"));
      return prepared(new TextEncoderStage({ config, tokenizer }, checkpoint, options).network, { tokens });
    }
    case "WuerstchenPrior": {
      const stage = new PriorStage(parseConfig(priorConfig, json, { file }), checkpoint, options);
      return prepared(stage.network, { height, width, tokens, copies });
    }
    case "WuerstchenDiffNeXt": {
      const stage = new DecoderStage(parseConfig(diffNeXtConfig, json, { file }), checkpoint, options);
      return prepared(stage.network, { height, width, embedding, tokens, copies });
    }
    case "PaellaVQModel": {
      const stage = new AutoencoderStage(parseConfig(paellaVqConfig, json, { file }), checkpoint, options);
      return prepared(stage.network, { height, width });
    }
  }
}

/** Smallest vocabulary of any model that is timed: every id below exists. */
const ids = 500;

/** Inputs of a case: normal numbers, time ½, and token ids of which none is padding. The same seed gives the same numbers. */
export function randomInputs({ inputs }: Graph, { batch }: RunSizes): Record<string, Tensor> {
  const generator = new TorchGenerator(1);
  return Object.fromEntries(inputs.map(({ name, value }) => {
    const shape = resolveShape(value.shape, { batch });
    if (name === "r") return [name, tensor("float32", shape, new Float32Array(sizeOf(shape)).fill(0.5))];
    if (value.dtype === "float32") return [name, generator.normal(shape) as Tensor];
    const values = BigInt64Array.from({ length: sizeOf(shape) }, (_, i) => name === "mask" ? 1n : BigInt(i % ids));
    return [name, tensor("int64", shape, values)];
  }));
}
