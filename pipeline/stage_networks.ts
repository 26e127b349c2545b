/**
 * Which network each stage of a generation runs, for which sizes: for what looks ahead, before anything is loaded.
 * @module
 */
import type { Device } from "../runtime/devices/device.ts";
import type { GraphParts } from "../stages/graph_runner.ts";
import type { Network } from "../stages/network.ts";
import type { Memory } from "../stages/network_memory.ts";
import { tilesOf } from "./decode_picture.ts";
import type { ModelParts } from "./parts.ts";
import type { SizePlan } from "./plan.ts";
import type { StageName } from "./types.ts";

/** What the two sampled stages run at once. */
export interface Batches {
  readonly prior: Batch;
  readonly decoder: Batch;
}

/** Latents of one run, and the rows of text for each: 2 with guidance. */
export interface Batch {
  readonly latents: number;
  readonly copies: number;
  /** Runs that it takes for all of them; 1 where left out. */
  readonly turns?: number;
}

/** What is to be painted, and in tiles of which side in pixels. */
export type PlannedSizes = Pick<SizePlan, "prior" | "decoder" | "decoded"> & { readonly tile?: number | undefined };

/** A network at the sizes of a generation. */
export interface StageNetwork extends Batch {
  /** What it runs on; the processor where nothing is said. */
  readonly device: Device | undefined;
  /** Memory of a run, at its highest, of what it runs on. */
  memory(): Memory;
  /** What is run, by how often. */
  graphs(): GraphParts;
}

function stageNetwork<Sizes>(
  network: Network<Sizes>,
  sizes: Sizes,
  { device, latents = 1, copies = 1, turns }: Partial<Batch> & { device: Device | undefined },
): StageNetwork {
  return {
    latents,
    copies,
    device,
    memory: () =>
      device === undefined
        ? network.memory(sizes, { batch: latents, turns })
        : { own: network.deviceMemory(sizes, { batch: latents }), mapped: 0 },
    graphs: () => network.parts(sizes),
  };
}

/** The networks of a generation, in the order in which they run. */
export function stageNetworks(
  { prior, decoder, devices }: ModelParts,
  plan: PlannedSizes,
  batches: Batches,
): Readonly<Partial<Record<StageName, StageNetwork>>> {
  const text = ({ network, tokens }: ModelParts["prior"]["text"], device: Device | undefined) =>
    stageNetwork(network, { tokens }, { device });
  const { copies } = batches.decoder;
  const decoderSizes = { ...sides(plan.decoder), embedding: plan.prior, tokens: decoder.text.tokens, copies };
  const tiles = tilesOf(decoder.autoencoder, plan.decoder, plan);
  const priorSizes = { ...sides(plan.prior), tokens: prior.text.tokens, copies: batches.prior.copies };
  return {
    "prior text": text(prior.text, devices.prior_text_encoder),
    prior: stageNetwork(prior.stage.network, priorSizes, { ...batches.prior, device: devices.prior }),
    "decoder text": text(decoder.text, devices.decoder_text_encoder),
    decoder: stageNetwork(decoder.stage.network, decoderSizes, { ...batches.decoder, device: devices.decoder }),
    pixels: stageNetwork(decoder.autoencoder.network, sides(tiles), { device: devices.vqgan }),
  };
}

function sides({ height, width }: { height: number; width: number }): { height: number; width: number } {
  return { height, width };
}
