/**
 * Writes the networks of a model as plain ONNX files with their weights beside them, for any other runtime.
 *
 * A graph has the standard's operators alone (no fused ones of ONNX Runtime's), one latent size and any batch.
 * @module
 */
import { join } from "node:path";
import { writeFileAtomic } from "../files/atomic_write.ts";
import { writeWholeFolder } from "../files/whole_folder.ts";
import { type Binding, encodeModel, type Graph, type Parameter } from "../onnx/mod.ts";
import { AutoencoderStage } from "../stages/autoencoder.ts";
import { DecoderStage } from "../stages/decoder.ts";
import { openTextEncoder } from "../stages/open_text_encoder.ts";
import { PriorStage } from "../stages/prior.ts";
import { rewriteNames } from "../stages/rewrites.ts";
import { TextEncoderStage } from "../stages/text_encoder.ts";
import { bytesOf, sizeOf, type Tensor, tensorBytes } from "../tensor/tensor.ts";
import { version } from "../version.ts";
import { applyLoras } from "../weights/apply_lora.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import { readJson } from "../weights/read_json.ts";
import { parseNetworkConfig } from "./infer_network.ts";
import { type LoraChoice, lorasOf, openLoras } from "./loras.ts";
import { findModel } from "./model.ts";
import { modelDefaults } from "./options.ts";
import { planSizes } from "./plan.ts";
import { sizeRules } from "./size_rules.ts";
import { type FileKind, openWeightsFile } from "./weights_file.ts";
import { countWeights, type WeightsJob } from "./weights_job.ts";

/** What is exported, and who watches. */
export interface ExportOptions extends WeightsJob {
  /** Folder of another prior, or a file of Stage C's weights. */
  readonly prior?: string | undefined;
  /** Folder of another decoder, or a file of Stage B's or Stage A's weights. */
  readonly decoder?: string | undefined;
  /** Weights to take where a network has them, such as `fp16`. */
  readonly variant?: string | undefined;
  /** Width of the pictures that the graphs are for, in pixels; the model's own where left out. */
  readonly width?: number | undefined;
  /** Height of those pictures, in pixels; the model's own where left out. */
  readonly height?: number | undefined;
  /** LoRAs that are added to the weights inside of the graphs. */
  readonly loras?: readonly LoraChoice[] | undefined;
}

/** An exported network. */
export interface ExportedNetwork {
  /** `prior`, `decoder_text_encoder` … */
  readonly name: string;
  /** File name of the graph; its weights are in the file with `.data` behind. */
  readonly file: string;
  /** What it is given. */
  readonly inputs: readonly ExportedValue[];
  /** What it gives. */
  readonly outputs: readonly ExportedValue[];
  /** Bytes of its weights' file. */
  readonly bytes: number;
}

/** An input or output; a size that is a name may be any. */
export interface ExportedValue {
  /** As the graph calls it. */
  readonly name: string;
  /** `float32` or `int64`. */
  readonly dtype: string;
  /** Number of elements along each axis. */
  readonly shape: readonly (number | string)[];
}

/** A network before it is written. */
interface Plan {
  readonly name: string;
  readonly graph: Graph;
  readonly read: (key: string) => Promise<Tensor>;
  readonly stored: ReadonlyMap<string, { readonly dtype: Tensor["dtype"]; readonly shape: readonly number[] }>;
}

/**
 * Exports a model: `prior_text_encoder.onnx`, `prior.onnx`, `decoder_text_encoder.onnx`, `decoder.onnx` and `vqgan.onnx`, each with
 * its weights in a file of its own, and `model.json` with inputs, outputs and sizes.
 *
 * @param folder is made; there must be nothing of that name
 * @throws {CheckpointError} where the model is missing or damaged
 * @throws {ConfigError} where the folder exists or the size is none that the model can paint
 * @throws {ResourceError} where the disk is full
 */
export async function exportModel(
  name: string,
  folder: string,
  options: ExportOptions = {},
): Promise<ExportedNetwork[]> {
  const { variant, loras: choices = [] } = options;
  const model = await findModel(name, options);
  const { prior: first, decoder: second } = model;
  const open = async <Kind extends FileKind>(kind: Kind, path: string, file: string | undefined) => {
    if (file !== undefined) return await openWeightsFile(kind, file, { folder: path });
    const json = join(path, "config.json");
    const config = parseNetworkConfig(kind, await readJson(json), { file: json });
    const checkpoint = await openCheckpoint(path, { stem: "diffusion_pytorch_model", variant, orPlain: true });
    return { config, checkpoint };
  };
  const [prior, decoder, vqgan, priorText, decoderText] = await Promise.all([
    open("prior", first.prior, first.file),
    open("decoder", second.decoder, second.file),
    open("vqgan", second.vqgan, second.vqganFile),
    openTextEncoder({ folder: first.textEncoder, tokenizer: first.tokenizer }, { variant }),
    openTextEncoder({ folder: second.textEncoder, tokenizer: second.tokenizer }, { variant }),
  ]);
  const loras = await openLoras(choices, {
    prior: prior.checkpoint.tensors,
    prior_text_encoder: priorText.checkpoint.tensors,
    decoder: decoder.checkpoint.tensors,
  });
  const defaults = modelDefaults(model.defaults);
  const sizes = planSizes(
    { width: options.width ?? defaults.width, height: options.height ?? defaults.height },
    sizeRules(model, { decoder: decoder.config, vqgan: vqgan.config }),
  );
  const plain = { without: rewriteNames };
  const stages = {
    priorText: new TextEncoderStage(priorText, priorText.checkpoint, plain),
    decoderText: new TextEncoderStage(decoderText, decoderText.checkpoint, plain),
    prior: new PriorStage(prior.config, prior.checkpoint, plain),
    decoder: new DecoderStage(decoder.config, decoder.checkpoint, plain),
    vqgan: new AutoencoderStage(vqgan.config, vqgan.checkpoint, plain),
  };
  const embedding = sizes.prior;
  const [priorTokens, decoderTokens] = [{ tokens: stages.priorText.tokens }, { tokens: stages.decoderText.tokens }];
  const graphs = [
    [
      "prior_text_encoder",
      stages.priorText.network.graph(priorTokens),
      stages.priorText.network.checkpoint,
      "prior_text_encoder",
    ],
    ["prior", stages.prior.network.graph({ ...sizes.prior, ...priorTokens }), prior.checkpoint, "prior"],
    [
      "decoder_text_encoder",
      stages.decoderText.network.graph(decoderTokens),
      stages.decoderText.network.checkpoint,
      undefined,
    ],
    [
      "decoder",
      stages.decoder.network.graph({ ...sizes.decoder, embedding, ...decoderTokens }),
      decoder.checkpoint,
      "decoder",
    ],
    ["vqgan", stages.vqgan.network.graph(sizes.decoder), vqgan.checkpoint, undefined],
  ] as const;
  const readers = new Map(loras.flatMap(({ lora: { checkpoint } }) => {
    return [...checkpoint.tensors].map(([key, stored]) => [stored, () => checkpoint.read(key)] as const);
  }));
  const plans = graphs.map(([name, graph, checkpoint, network]): Plan => {
    const own = network === undefined ? [] : lorasOf(loras, network);
    const changed = applyLoras(graph, own);
    return {
      name,
      graph: changed.graph,
      stored: new Map([...checkpoint.tensors, ...changed.tensors]),
      read: (key) => readers.get(changed.tensors.get(key)!)?.() ?? checkpoint.read(key),
    };
  });
  return await writeWholeFolder(folder, async (unfinished) => {
    const networks: ExportedNetwork[] = [];
    const laid = plans.map(layOut);
    const onWritten = countWeights(laid.reduce((sum, { bytes }) => sum + bytes, 0), options);
    for (const plan of laid) networks.push(await writeNetwork(unfinished, plan, { onWritten }));
    const about = {
      program: `wuerstchen ${version}`,
      image: sizes.image,
      prior: sizes.prior,
      decoder: sizes.decoder,
      latent_mean: first.latentMean,
      latent_std: first.latentStd,
      vqgan_scale_factor: vqgan.config.scale_factor,
      networks,
    };
    const text = new TextEncoder().encode(`${JSON.stringify(about, null, 2)}\n`);
    await writeFileAtomic(join(unfinished, "model.json"), text);
    return networks;
  });
}

/** Small tensors begin at multiples of this many bytes, large ones where any system can map them (onnx's `save_external_data`). */
const alignment = { small: 64, large: 65536, from: 1 << 20 };

/** A network as its files will be. */
interface LaidOut extends Pick<Plan, "name" | "graph" | "read"> {
  /** The graph's bytes. */
  readonly model: Uint8Array;
  /** Where its weights lie in their file. */
  readonly places: readonly { readonly key: string; readonly offset: number; readonly bytes: number }[];
  /** Of the weights' file. */
  readonly bytes: number;
}

const fileOf = (name: string) => `${name}.onnx`;
const weightsOf = (name: string) => `${fileOf(name)}.data`;

function layOut({ name, graph, stored, read }: Plan): LaidOut {
  const location = weightsOf(name);
  const places: { key: string; offset: number; bytes: number }[] = [];
  let end = 0;
  const bind = ({ key }: Parameter): Binding => {
    const { dtype, shape } = stored.get(key)!;
    const bytes = sizeOf(shape) * bytesOf(dtype);
    const unit = bytes >= alignment.from ? alignment.large : alignment.small;
    const offset = Math.ceil(end / unit) * unit;
    places.push({ key, offset, bytes });
    end = offset + bytes;
    return { kind: "external", dtype, location, offset };
  };
  const model = encodeModel(graph, bind);
  return { name, graph, read, model, places, bytes: end };
}

async function writeNetwork(
  folder: string,
  { name, graph, read, model, places, bytes: end }: LaidOut,
  { onWritten }: { onWritten: (bytes: number) => void },
): Promise<ExportedNetwork> {
  const file = fileOf(name);
  async function* chunks() {
    let at = 0;
    for (const { key, offset, bytes } of places) {
      if (offset > at) yield new Uint8Array(offset - at);
      yield tensorBytes(await read(key));
      onWritten(offset + bytes - at);
      at = offset + bytes;
    }
  }
  await writeFileAtomic(join(folder, weightsOf(name)), chunks(), { bytes: end });
  await writeFileAtomic(join(folder, file), model);
  const described = (values: Graph["inputs"]) =>
    values.map(({ name, value: { dtype, shape } }) => ({ name, dtype, shape }));
  return { name, file, inputs: described(graph.inputs), outputs: described(graph.outputs), bytes: end };
}
