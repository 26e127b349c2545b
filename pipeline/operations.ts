/**
 * Counts the floating-point operations of a generation, as its graphs are run.
 * @module
 */
import { countFlops, type Node } from "../onnx/mod.ts";
import type { Device } from "../runtime/devices/device.ts";
import type { Work } from "./forecast_time.ts";
import type { ModelParts } from "./parts.ts";
import { type Batches, type PlannedSizes, stageNetworks } from "./stage_networks.ts";
import type { StageName } from "./types.ts";

/** What a stage's network costs. */
export interface StageCost {
  /** Operations of one evaluation: one picture or text, and with guidance each of its halves. */
  readonly flops: number;
  /** Those of them that are products in 8 bits. */
  readonly byteFlops: number;
  /** Operations once for a run: what its texts and embeddings alone decide. */
  readonly onceFlops: number;
  /** Operators of a run of the network, whatever its batch. */
  readonly nodes: number;
  /** Evaluations of a run of the network. */
  readonly batch: number;
  /** What it runs on; the processor where nothing is said. */
  readonly device: Device | undefined;
}

/** What each stage costs. */
export type StageCosts = Readonly<Partial<Record<StageName, StageCost>>>;

/** Operators that compute in 8 bits; the weights of the second have 4, which are multiplied by rows of 8. */
const byteProducts: readonly string[] = ["MatMulIntegerToFloat", "MatMulNBits"];

const isByteProduct = ({ op }: Node) => byteProducts.includes(op);

/** Costs that were counted, since each builds every network: many pictures of one command have the same sizes. */
const counted = new WeakMap<ModelParts, Map<string, StageCosts>>();

/** Counts what the networks of a generation cost, exact rewrites applied. */
export function stageCosts(parts: ModelParts, plan: PlannedSizes, batches: Batches): StageCosts {
  const known = counted.get(parts) ?? new Map<string, StageCosts>();
  counted.set(parts, known);
  const key = JSON.stringify([plan.prior, plan.decoder, plan.tile, batches]);
  const costs = known.get(key) ?? Object.fromEntries(
    Object.entries(stageNetworks(parts, plan, batches)).map(([stage, network]) => {
      const { once, each } = network.graphs();
      const { latents, copies, device } = network;
      const cost: StageCost = {
        flops: countFlops(each.nodes, { batch: 1 }) / copies,
        byteFlops: countFlops(each.nodes.filter(isByteProduct), { batch: 1 }) / copies,
        onceFlops: once ? countFlops(once.nodes, { batch: latents }) : 0,
        nodes: each.nodes.length,
        batch: latents * copies,
        device,
      };
      return [stage, cost];
    }),
  );
  known.set(key, costs);
  return costs;
}

/** Operations of a stage that evaluated its network so often. */
export function operationsOf({ flops, onceFlops }: StageCost, evaluations: number): number {
  return evaluations * flops + onceFlops;
}

/** What a stage computes that evaluates its network so often. */
export function workOf(cost: StageCost, evaluations: number): Required<Work> {
  return {
    flops: operationsOf(cost, evaluations),
    byteFlops: evaluations * cost.byteFlops,
    nodes: cost.nodes * evaluations / cost.batch,
  };
}
