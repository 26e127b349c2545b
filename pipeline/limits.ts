/**
 * Limits of options: none is a limit of the networks.
 * @module
 */

/** Most steps of one stage; a typing error should not run for a week. */
export const maxSteps = 1000;
/** Largest guidance scale. */
export const maxGuidance = 100;
/** Largest strength of a LoRA, either way. */
export const maxLoraScale = 100;

/** Most pictures of one draw. */
export const maxBatch = 256;
/** Longest side in pixels of a tile. */
export const maxTile = 65_536;

/** Most threads of the runtime. */
export const maxThreads = 256;
