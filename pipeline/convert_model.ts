/**
 * Writes a model, or one network of it, again: as another type, under other names, with LoRAs inside, in one file or several.
 * @module
 */
import { basename, join, resolve } from "node:path";
import { CheckpointError, ConfigError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic_write.ts";
import { writeWholeFolder } from "../files/whole_folder.ts";
import { parseModelId } from "../hub/model_id.ts";
import { version } from "../version.ts";
import { type Checkpoint, openCheckpoint } from "../weights/checkpoint.ts";
import { convertedTensors, type MergedLora, writeWeightsFolder } from "../weights/convert.ts";
import type { WeightsName } from "../weights/find_checkpoint.ts";
import { openLora } from "../weights/lora.ts";
import type { LoraNetwork } from "../weights/lora_keys.ts";
import { quote } from "../weights/quote.ts";
import { readJson } from "../weights/read_json.ts";
import type { NetworkKind } from "../weights/recognise.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import type { StoredTensor } from "../weights/stored_tensor.ts";
import { bytesOf, sizeOf } from "../tensor/tensor.ts";
import { checkDtypes, type DtypeChoice, dtypeFor, type NamedNetwork } from "./dtypes.ts";
import { checkNetwork, type ConfigOf, inferConfig, kindOf, parseNetworkConfig } from "./infer_network.ts";
import type { LoraChoice } from "./loras.ts";
import type { NetworkName } from "./precisions.ts";
import { onlyRepository, readModelFolder } from "./repositories.ts";
import { countWeights, type WeightsJob } from "./weights_job.ts";

/** What becomes of a model, and who watches. */
export interface ConvertModelOptions extends WeightsJob {
  /** Type of the weights, of all networks or of each that is named; each its own where left out. */
  readonly dtype?: DtypeChoice | undefined;
  /** `original` for the names of dome272's files, which one network in one file can have; those of diffusers where left out. */
  readonly keys?: "diffusers" | "original" | undefined;
  /** Most bytes of weights in a file of a folder; one file a network where left out. */
  readonly shardBytes?: number | undefined;
  /** LoRAs that are added to the weights, in this order. */
  readonly loras?: readonly LoraChoice[] | undefined;
  /** Weights to take where a network has them, such as `fp16`. */
  readonly variant?: string | undefined;
  /** Dictionary of a `.pt` file that has the weights. */
  readonly dict?: string | undefined;
  /** A `config.json` with the sizes of a single file's network, where its weights do not say them. */
  readonly config?: string | undefined;
  /** Replaces a file that exists; a folder is never replaced. */
  readonly force?: boolean | undefined;
}

/** A network that was written. */
export interface ConvertedNetwork {
  /** What its tensors' names say that it is. */
  readonly kind: NetworkKind;
  /** The file, or its folder. */
  readonly path: string;
  /** How many tensors it has. */
  readonly tensors: number;
  /** Keys that LoRAs changed. */
  readonly changed: number;
}

/** A network of a file, a folder or a model. */
export interface NetworkSource extends NamedNetwork {
  /** Its folder or file. */
  readonly path: string;
  readonly kind: NetworkKind;
  /** Which of the model's networks it is; its kind where it lies in no model. */
  readonly name: NetworkName | NetworkKind;
  readonly stem: WeightsName["stem"];
  readonly checkpoint: Checkpoint;
  readonly config: ConfigOf[NetworkKind];
  /** Which of a LoRA's networks it is. */
  readonly lora: LoraNetwork | undefined;
}

/** Names of files that hold weights, or say where they are. */
export const weightsFile = /\.(safetensors|bin|pt|pth|ckpt)$|\.safetensors\.index(\.[^.]+)?\.json$/;

const classNames: Readonly<Record<NetworkKind, string>> = {
  prior: "WuerstchenPrior",
  decoder: "WuerstchenDiffNeXt",
  vqgan: "PaellaVQModel",
  text_encoder: "CLIPTextModel",
  compressor: "EfficientNetEncoder",
};

const loraNetworks: readonly LoraNetwork[] = ["prior", "prior_text_encoder", "decoder"];

/** What a LoRA takes a network for that lies in no model. */
const loraNetwork: Readonly<Partial<Record<NetworkKind, LoraNetwork>>> = {
  prior: "prior",
  decoder: "decoder",
  text_encoder: "prior_text_encoder",
};

/**
 * Converts a file of weights, a network's folder, or a whole model.
 *
 * @param input a `.safetensors` or `.pt` file, a network's folder, a repository, or a folder of repositories
 * @param output a `.safetensors` file for one network, else a folder that does not exist, written whole or not at all; what is no
 * weights (configurations, tokenizers) is copied
 * @throws {CheckpointError} where the input is damaged, incomplete, of another family, or a LoRA is none of it
 * @throws {ConfigError} where the output exists or cannot hold what is asked for, or a type is for a network that is not there
 * @throws {ResourceError} where the disk is full
 */
export async function convertModel(
  input: string,
  output: string,
  options: ConvertModelOptions = {},
): Promise<ConvertedNetwork[]> {
  const toFile = output.endsWith(".safetensors");
  if (options.keys === "original" && !toFile) {
    throw new ConfigError(`Expected a .safetensors file for the original names but found ${quote(output)}`);
  }
  const sources = await findNetworks(input, options);
  if (toFile && sources.length !== 1) {
    throw new ConfigError(
      `Expected a folder for the ${sources.length} networks of ${quote(input)} but found ${quote(output)}`,
    );
  }
  checkDtypes(options.dtype, sources, { from: input });
  const loras = await openMerged(sources, options.loras ?? []);
  const works = sources.map((source) => prepared(source, { loras, options, input }));
  const onWritten = countWeights(works.reduce((sum, { bytes }) => sum + bytes, 0), options);
  if (toFile) {
    const { source: { kind }, tensors, metadata, changed } = works[0]!;
    await writeSafetensors(output, tensors, { metadata, force: options.force ?? false, onWritten });
    return [{ kind, path: output, tensors: tensors.size, changed }];
  }
  return await writeWholeFolder(output, async (folder) => {
    const copied = (await Deno.stat(input)).isDirectory;
    if (copied) await copyRest(input, folder);
    const written: ConvertedNetwork[] = [];
    for (const { source, tensors, metadata, changed } of works) {
      const { stem } = source;
      const place = source.path.slice(input.length).replace(/^[\\/]+/, "");
      const own = copied ? join(folder, place) : folder;
      if (!copied) await writeConfig(own, source);
      await writeWeightsFolder(own, tensors, { stem, metadata, shardBytes: options.shardBytes, onWritten });
      const path = copied ? join(output, place) : output;
      written.push({ kind: source.kind, path, tensors: tensors.size, changed });
    }
    return written;
  });
}

/**
 * Finds all networks of a file of weights, a network's folder, or a model.
 *
 * @throws {CheckpointError} where there is none, or one is damaged, incomplete or of another family
 */
export async function findNetworks(
  input: string,
  { variant, dict, config }: Pick<ConvertModelOptions, "variant" | "dict" | "config"> = {},
): Promise<NetworkSource[]> {
  const { isDirectory } = await Deno.stat(input).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    const hint = parseModelId(input) ? `; of the hub's, give a folder that wuerstchen pull ${input} prints` : "";
    throw new CheckpointError(`${input}: there is no such folder or file${hint}`, { cause });
  });
  const paths = isDirectory ? await weightsFolders(input) : [input];
  if (paths.length === 0) throw new CheckpointError(`${input}: there are no weights in it`);
  const nameOf = isDirectory ? await repositoryNetworks(input) : undefined;
  const sources: NetworkSource[] = [];
  for (const path of paths) {
    const stem = isDirectory ? await stemOf(path) : "diffusion_pytorch_model";
    const checkpoint = await openCheckpoint(path, { stem, variant, orPlain: true, dict });
    const kind = kindOf(checkpoint, { file: path });
    const file = isDirectory ? join(path, "config.json") : config;
    const like = file === undefined ? undefined : parseNetworkConfig(kind, await readJson(file), { file });
    // A folder's own configuration is the truth; of a single file it only settles what shapes leave open.
    const sizes = isDirectory ? like! : inferConfig(kind, checkpoint, { file: path, like });
    checkNetwork(kind, checkpoint, sizes);
    const name = nameOf?.get(resolve(path)) ?? kind;
    sources.push({
      path,
      kind,
      name,
      stem: isDirectory ? stem : kind === "text_encoder" ? "model" : "diffusion_pytorch_model",
      checkpoint,
      config: sizes,
      lora: nameOf === undefined ? loraNetwork[kind] : loraNetworks.find((network) => network === name),
    });
  }
  return sources;
}

/** Deeper than any model keeps its networks. */
const maxDepth = 4;

async function weightsFolders(folder: string, depth = 0): Promise<string[]> {
  const found: string[] = [];
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  if (names.some((name) => weightsFile.test(name))) found.push(folder);
  for (const name of names) {
    const path = join(folder, name);
    if (name.startsWith(".") || depth >= maxDepth || !(await Deno.stat(path)).isDirectory) continue;
    found.push(...await weightsFolders(path, depth + 1));
  }
  return found;
}

async function stemOf(folder: string): Promise<WeightsName["stem"]> {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  return names.some((name) => name.startsWith("diffusion_pytorch_model")) ? "diffusion_pytorch_model" : "model";
}

/** The networks of a model by their folders; undefined where it is one network's folder. */
async function repositoryNetworks(folder: string): Promise<ReadonlyMap<string, NetworkName> | undefined> {
  if (await Deno.stat(join(folder, "config.json")).then(() => true, () => false)) return undefined;
  const model = await readModelFolder(folder);
  const networks = new Map<string, NetworkName>();
  const prior = model.priors.length === 1 ? onlyRepository(model, "prior") : undefined;
  const decoder = model.decoders.length === 1 ? onlyRepository(model, "decoder") : undefined;
  if (decoder) {
    networks.set(resolve(decoder.decoder), "decoder").set(resolve(decoder.textEncoder), "decoder_text_encoder");
    networks.set(resolve(decoder.vqgan), "vqgan");
  }
  if (prior) networks.set(resolve(prior.prior), "prior").set(resolve(prior.textEncoder), "prior_text_encoder");
  return networks;
}

async function openMerged(sources: readonly NetworkSource[], choices: readonly LoraChoice[]) {
  const networks: Partial<Record<LoraNetwork, ReadonlyMap<string, StoredTensor>>> = {};
  for (const { lora, checkpoint } of sources) if (lora) networks[lora] = checkpoint.tensors;
  return await Promise.all(
    choices.map(async ({ file, scale = 1 }) => ({ lora: await openLora(file, networks), scale })),
  );
}

type Opened = Awaited<ReturnType<typeof openMerged>>;

interface Work {
  readonly loras: Opened;
  readonly options: ConvertModelOptions;
  readonly input: string;
}

function prepared(source: NetworkSource, { loras, options, input }: Work) {
  const { lora: network, checkpoint, config, kind } = source;
  const own = loras.flatMap(({ lora, scale }): MergedLora[] => {
    const pairs = network && lora.networks.get(network);
    return pairs ? [{ lora, pairs, scale }] : [];
  });
  const { keys } = options;
  const dtype = dtypeFor(options.dtype, source);
  const provenance = {
    program: `wuerstchen ${version}`,
    from: basename(resolve(input)),
    ...(dtype === undefined ? {} : { dtype }),
    ...(own.length === 0 ? {} : { loras: own.map(({ lora, scale }) => ({ name: basename(lora.path), scale })) }),
  };
  const tensors = convertedTensors(checkpoint, { dtype, keys, loras: own });
  return {
    source,
    tensors,
    bytes: [...tensors.values()].reduce((sum, { dtype, shape }) => sum + bytesOf(dtype) * sizeOf(shape), 0),
    changed: new Set(own.flatMap(({ pairs }) => [...pairs.keys()])).size,
    metadata: {
      format: "pt",
      config: JSON.stringify({ ...(kind === "text_encoder" ? {} : { _class_name: classNames[kind] }), ...config }),
      provenance: JSON.stringify(provenance),
    },
  };
}

async function writeConfig(folder: string, { kind, config }: NetworkSource): Promise<void> {
  const named = kind === "text_encoder" ? {} : { _class_name: classNames[kind] };
  // A configuration that says itself which class it is of knows better.
  const json = { ...named, ...config };
  await writeFileAtomic(
    join(folder, "config.json"),
    new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`),
  );
}

/** Copies everything but weights. */
async function copyRest(from: string, to: string): Promise<void> {
  for await (const { name } of Deno.readDir(from)) {
    if (name.startsWith(".") || weightsFile.test(name)) continue;
    const path = join(from, name);
    if ((await Deno.stat(path)).isDirectory) {
      await Deno.mkdir(join(to, name));
      await copyRest(path, join(to, name));
    } else await writeFileAtomic(join(to, name), await Deno.readFile(path));
  }
}
