/**
 * Counts the floating-point operations of a generation, as its graphs are run.
 * @module
 */
import { countFlops } from "../onnx/mod.ts";
import type { ModelParts } from "./parts.ts";
import { type Batches, type PlannedSizes, stageNetworks } from "./stage_networks.ts";
import type { StageName } from "./types.ts";

/** What a stage's network costs. */
export interface StageCost {
  /** Operations of one evaluation: one picture or text, and with guidance each of its halves. */
  readonly flops: number;
  /** Operations once for a run: what its texts and embeddings alone decide. */
  readonly onceFlops: number;
  /** Operators of a run of the network, whatever its batch. */
  readonly nodes: number;
  /** Evaluations of a run of the network. */
  readonly batch: number;
}

/** What each stage costs. */
export type StageCosts = Readonly<Partial<Record<StageName, StageCost>>>;

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
      const { latents, copies } = network;
      const cost: StageCost = {
        flops: countFlops(each.nodes, { batch: 1 }) / copies,
        onceFlops: once ? countFlops(once.nodes, { batch: latents }) : 0,
        nodes: each.nodes.length,
        batch: latents * copies,
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
