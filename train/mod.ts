/**
 * Training as a library: all three stages of a model of one's own, as `wuerstchen train` does it.
 *
 * @example Train Stage A of the tutorial on a few other pictures; Stages B and C would need captions
 * ```ts
 * import { readTrainingConfig, train } from "wuerstchen/train";
 *
 * const { data, stageB: _, stageC: __, ...config } = await readTrainingConfig("examples/moons/train.jsonc", {
 *   set: ["stageA.steps=2", "stageA.batch=2", "stageA.schedule.warmUp=0"],
 * });
 * const pictures = { ...data, path: "models/emoji/pictures" };
 * const folder = await Deno.makeTempDir();
 * let model: unknown;
 * for await (const event of train({ ...config, data: pictures }, { folder })) {
 *   if (event.type === "progress") console.log(event.phase, event.step, event.total, event.loss);
 *   if (event.type === "end") model = event["path"];
 * }
 * if (model !== `${folder}/model`) throw new Error("a finished model");
 * await Deno.remove(folder, { recursive: true });
 * ```
 * @module
 */
export { type LoggedEvent, train, type TrainingEvent, type TrainOptions } from "./trainer.ts";
export {
  type PhaseName,
  readTrainingConfig,
  type TrainingConfig,
  trainingConfig,
  type TrainingSettings,
} from "./config.ts";
