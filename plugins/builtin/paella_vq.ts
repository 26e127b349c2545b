import { paellaVqConfig } from "../../networks/paella_vq.ts";
import { AutoencoderStage } from "../../stages/autoencoder.ts";
import { defineAutoencoder } from "../define.ts";
import { partConfig } from "./part_config.ts";

/** Stage A: the VQGAN of Paella (Rampas et al. 2022, https://arxiv.org/abs/2211.07292): `networks/paella_vq.ts`. */
export default defineAutoencoder({
  name: "paella-vq",
  summary: "Stage A of Würstchen v2: the VQGAN of Paella",
  paper: "https://arxiv.org/abs/2211.07292",
  classes: ["PaellaVQModel"],
  create: (_options, context) => {
    return new AutoencoderStage(partConfig(paellaVqConfig, context), context.checkpoint, context.options);
  },
});
