/**
 * Opens the LoRA fixtures together with the tiny model that they were made for.
 * @module
 */
import { fileURLToPath } from "node:url";
import { clipTextConfig } from "../networks/clip_text.ts";
import { diffNeXtConfig } from "../networks/diffnext.ts";
import { priorConfig } from "../networks/prior.ts";
import type { StoredTensors } from "../weights/bind.ts";
import { type Lora, openLora } from "../weights/lora.ts";
import type { LoraNetwork } from "../weights/lora_keys.ts";
import { openNetwork } from "./network_case.ts";

/** Path of a file of `tests/fixtures/lora`. */
export function loraFile(path: string): string {
  return fileURLToPath(new URL(`./fixtures/lora/${path}`, import.meta.url));
}

/** The weights of the tiny model that a LoRA may change. */
export async function tinyNetworks(): Promise<Record<LoraNetwork, StoredTensors>> {
  const [prior, text, decoder] = await Promise.all([
    openNetwork("repo/wuerstchen-prior/prior", priorConfig),
    openNetwork("repo/wuerstchen-prior/text_encoder", clipTextConfig),
    openNetwork("repo/wuerstchen/decoder", diffNeXtConfig),
  ]);
  return {
    prior: prior.checkpoint.tensors,
    prior_text_encoder: text.checkpoint.tensors,
    decoder: decoder.checkpoint.tensors,
  };
}

/** Opens a LoRA of the fixtures for the tiny model. */
export async function openFixtureLora(path: string): Promise<Lora> {
  return await openLora(loraFile(path), await tinyNetworks());
}
