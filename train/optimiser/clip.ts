/**
 * Bounds on gradients.
 * @module
 */

/** √(Σ n²) of all gradients' norms. */
export function globalNorm(norms: ReadonlyMap<string, number>): number {
  return Math.hypot(...norms.values());
}

/** Keeps a norm of zero from dividing. */
export const normGuard = 1e-6;

/**
 * What gradients are multiplied with so that their global norm is at most `limit`: min(1, limit/(norm + 10⁻⁶))
 * (https://arxiv.org/abs/1211.5063, algorithm 1; `torch.nn.utils.clip_grad_norm_`).
 */
export function clipFactor(norm: number, limit: number | undefined): number {
  return limit === undefined ? 1 : Math.min(1, limit / (norm + normGuard));
}
