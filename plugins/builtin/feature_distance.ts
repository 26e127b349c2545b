import { defineMetric } from "../define.ts";
import { frechetDistance } from "./frechet_distance.ts";

/**
 * The Fréchet distance (Heusel et al. 2017) of the compressor's features: as FID, which takes those of Inception. Numbers of different
 * models cannot be compared, nor those of samples of different sizes: few pictures seem further away than many.
 */
export default defineMetric({
  name: "feature-distance",
  summary: "Fréchet distance between the compressor's features of two sets of pictures",
  paper: "https://arxiv.org/abs/1706.08500",
  create: () => ({
    unit: "",
    better: "lower",
    compare: (pictures, references) => ({
      value: frechetDistance(pictures.features, references.features),
      count: pictures.features.shape[0]!,
    }),
  }),
});
