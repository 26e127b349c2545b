/**
 * Opens the network of a case.
 * @module
 */
import { join } from "node:path";
import { clipTextConfig } from "../networks/clip_text.ts";
import { parseConfig } from "../networks/config.ts";
import { diffNeXtConfig } from "../networks/diffnext.ts";
import { paellaVqConfig } from "../networks/paella_vq.ts";
import { priorConfig } from "../networks/prior.ts";
import { countFlops, type Graph, resolveShape } from "../onnx/mod.ts";
import { AutoencoderStage } from "../stages/autoencoder.ts";
import { DecoderStage } from "../stages/decoder.ts";
import type { NetworkClass } from "../stages/declared_parameters.ts";
import type { Network, NetworkOptions } from "../stages/network.ts";
import { PriorStage } from "../stages/prior.ts";
import { TextEncoderStage } from "../stages/text_encoder.ts";
import { TorchGenerator } from "../tensor/random/torch_generator.ts";
import { sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";
import { loadClipTokenizer } from "../text/load_clip_tokenizer.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import type { WeightsName } from "../weights/find_checkpoint.ts";
import { readJson } from "../weights/read_json.ts";
import type { Case, RunSizes } from "./cases.ts";

/** Name of the weights file of a network, without its ending. */
export function stemOf(network: NetworkClass): WeightsName["stem"] {
  return network === "CLIPTextModel" ? "model" : "diffusion_pytorch_model";
}

/** A network with what it takes to load and run it once. */
export interface OpenCase {
  /** Bytes of its weights. */
  readonly bytes: number;
  /** The whole graph, for the shapes of its inputs; built when it is asked for. */
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
    get graph() {
      return own.graph(at);
    },
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
