/**
 * A LoRA file: low-rank changes of a model's weights (https://arxiv.org/abs/2106.09685), all on disk.
 * @module
 */
import { dirname, join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { formatShape } from "../onnx/mod.ts";
import { bfloat16Value } from "../tensor/bfloat16.ts";
import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import type { StoredTensors } from "./bind.ts";
import { type Checkpoint, openRawCheckpoint, type StoredTensor } from "./checkpoint.ts";
import { adapterConfig, type LoraAlpha, loraAlpha, noAlpha } from "./lora_alpha.ts";
import { loraKeys, type LoraNetwork, loraNetworks, type LoraPart, type LoraTarget, otherKind } from "./lora_keys.ts";
import { quote, quoteSome } from "./quote.ts";
import { readJson } from "./read_json.ts";
import { openSafetensors, type SafetensorsFile } from "./safetensors.ts";

/** The change of one weight [o, …]: scale·up·down, with up [o, r, …] and down [r, …]. */
export interface LoraPair {
  readonly down: StoredTensor;
  readonly up: StoredTensor;
  /** The file's own factor: alpha / rank. */
  readonly scale: number;
  /** The file's names of both. */
  readonly keys: { readonly down: string; readonly up: string };
}

/** What a LoRA changes in one network, by the key of the weight. */
export type LoraPairs = ReadonlyMap<string, LoraPair>;

/** An opened LoRA file; nothing of its tensors but the alphas is in memory. */
export interface Lora {
  /** As it was asked for. */
  readonly path: string;
  /** Only networks that it changes. */
  readonly networks: ReadonlyMap<LoraNetwork, LoraPairs>;
  /** The file's tensors by its own keys. */
  readonly checkpoint: Checkpoint;
}

interface Found {
  target: LoraTarget;
  /** Key of each part in the file. */
  readonly keys: Partial<Record<LoraPart, string>>;
}

/**
 * Opens a LoRA and finds the weights that it changes, by its keys: those of diffusers, PEFT, kohya's sd-scripts or ComfyUI.
 *
 * Alpha is taken from a tensor `.alpha`, else from diffusers' metadata, else, for keys that begin with `base_model.model.`, from
 * PEFT's `adapter_config.json` beside the file; where nothing says it, it is the rank.
 *
 * @param networks the weights of each network that may be changed
 * @throws {CheckpointError} where the file is missing or damaged, a key matches nothing, half of a pair is missing, shapes do not
 * fit, or it is another kind of adapter (DoRA, LoHa …), naming keys
 */
export async function openLora(
  path: string,
  networks: Readonly<Partial<Record<LoraNetwork, StoredTensors>>>,
): Promise<Lora> {
  const file = await openSafetensors(path);
  const checkpoint = await openRawCheckpoint(path, { stem: "model" });
  const { tensors } = checkpoint;
  const found = match(file, networks);
  const alphas = await readAlphas(file, found);
  const pairs = new Map<LoraNetwork, Map<string, LoraPair>>();
  for (const { target, keys } of found) {
    const { network, module, prefix } = target;
    const key = `${module}.weight`;
    if (keys.down === undefined || keys.up === undefined) {
      const there = keys.down ?? keys.up ?? keys.alpha!;
      throw new CheckpointError(
        `${path}: ${quote(there)} has no ${keys.down === undefined ? "down" : "up"} part beside it`,
      );
    }
    const pair = { down: tensors.get(keys.down)!, up: tensors.get(keys.up)! };
    checkShapes({ ...pair, weight: networks[network]!.get(key)!.shape }, { path, key, keys });
    const rank = pair.down.shape[0]!;
    const scale = keys.alpha === undefined
      ? alphas.get(prefix)!.scale(module, rank)
      : scalarOf(await file.read(keys.alpha), `${path}: ${quote(keys.alpha)}`) / rank;
    pairs.set(
      network,
      (pairs.get(network) ?? new Map()).set(key, { ...pair, scale, keys: { down: keys.down, up: keys.up } }),
    );
  }
  return { path, networks: pairs, checkpoint };
}

/** Groups the file's keys by the weight that they change. */
function match(
  { path, tensors }: SafetensorsFile,
  networks: Readonly<Partial<Record<LoraNetwork, StoredTensors>>>,
): Found[] {
  const targetOf = loraKeys(
    Object.fromEntries(loraNetworks.map((network) => [network, modulesOf(networks[network] ?? new Map())])),
  );
  const found = new Map<string, Found>();
  const unknown: string[] = [];
  for (const key of tensors.keys()) {
    const match = targetOf(key);
    if (!match) {
      unknown.push(key);
      continue;
    }
    const { target, part } = match;
    const id = `${target.network} ${target.module}`;
    const entry: Found = found.get(id) ?? { target, keys: {} };
    found.set(id, entry);
    const twin = entry.keys[part];
    if (twin !== undefined) {
      throw new CheckpointError(`${path}: ${quote(twin)} and ${quote(key)} are the same part of one weight`);
    }
    entry.keys[part] = key;
    // The prefix of the factors says where alpha is, if no tensor does.
    if (part !== "alpha") entry.target = target;
  }
  const other = unknown.find((key) => otherKind(key) !== undefined);
  if (other !== undefined) {
    throw new CheckpointError(`${path}: ${quote(other)} belongs to ${otherKind(other)}, which is not supported`);
  }
  if (unknown.length > 0) {
    throw new CheckpointError(
      `${path}: keys that match nothing of this model: ${quoteSome(unknown)}; is it a LoRA of it?`,
    );
  }
  if (found.size === 0) throw new CheckpointError(`${path}: there is no tensor in it`);
  return [...found.values()];
}

function modulesOf(tensors: StoredTensors): string[] {
  const matrices = [...tensors].filter(([key, { shape }]) => key.endsWith(".weight") && shape.length >= 2);
  return matrices.map(([key]) => key.slice(0, -".weight".length));
}

/** Alpha by the prefix of the keys that it is for. */
async function readAlphas(file: SafetensorsFile, found: readonly Found[]): Promise<Map<string, LoraAlpha>> {
  const alphas = new Map<string, LoraAlpha>();
  for (const prefix of new Set(found.map(({ target }) => target.prefix))) {
    const config = prefix === "base_model.model."
      ? await readAdapterConfig(file.path)
      : adapterConfig(file.metadata, { prefix, file: file.path });
    alphas.set(prefix, config ? loraAlpha(config, { file: file.path }) : noAlpha);
  }
  return alphas;
}

async function readAdapterConfig(path: string) {
  try {
    return await readJson(join(dirname(path), "adapter_config.json"));
  } catch (cause) {
    if (!(cause instanceof CheckpointError)) throw cause;
    throw new CheckpointError(`${path}: its keys are PEFT's, which keeps alpha in a file beside it: ${cause.message}`, {
      cause,
    });
  }
}

/** Dimensions without the ones at the end: a linear layer and a 1×1 convolution are the same map. */
function trimmed(shape: readonly number[]): string {
  return formatShape(shape.slice(0, 1 + Math.max(0, shape.findLastIndex((dim) => dim !== 1))));
}

function checkShapes(
  { down, up, weight }: { down: StoredTensor; up: StoredTensor; weight: readonly number[] },
  { path, key, keys }: { path: string; key: string; keys: Partial<Record<LoraPart, string>> },
): void {
  for (const [part, { dtype }] of [["down", down], ["up", up]] as const) {
    if (/float/.test(dtype)) continue;
    throw new CheckpointError(`${path}: ${quote(keys[part]!)} is ${dtype} and no floating-point number`);
  }
  const rank = down.shape[0] ?? 0;
  const fits = down.shape.length >= 2 && up.shape.length >= 2 && rank > 0 && up.shape[0] === weight[0] &&
    trimmed(down.shape.slice(1)) === trimmed(weight.slice(1)) && trimmed(up.shape.slice(1)) === trimmed([rank]);
  if (fits) return;
  throw new CheckpointError(
    `${path}: ${quote(keys.down!)} is ${formatShape(down.shape)} and ${quote(keys.up!)} is ${
      formatShape(up.shape)
    }, but ` +
      `${quote(key)} is ${formatShape(weight)} and needs ${formatShape(["r", ...weight.slice(1)])} and ` +
      formatShape([weight[0]!, "r"]),
  );
}

/** The number in a tensor of one element. */
function scalarOf({ dtype, shape, data }: Tensor, what: string): number {
  const value = dtype === "bfloat16" ? bfloat16Value(Number(data[0])) : Number(data[0]);
  if (sizeOf(shape) === 1 && Number.isFinite(value)) return value;
  throw new CheckpointError(`${what}: expected one finite number but found ${formatShape(shape)} of ${dtype}`);
}
