import { z } from "zod";
import { tensor } from "../../tensor/tensor.ts";
import { definePrior } from "../define.ts";

/**
 * The embedding of a picture, as the compressor sees it, in place of one made from text: a variation of the picture. With a strength, noise
 * is added to it and the last steps of Stage C lead it towards the prompt (Meng et al. 2021, https://arxiv.org/abs/2108.01073).
 */
export default definePrior({
  name: "from-image",
  summary: "the embedding of a picture, which the prompt may change",
  paper: "https://arxiv.org/abs/2108.01073",
  options: z.strictObject({
    picture: z.string().min(1).describe("file of a PNG, JPEG or WebP"),
    strength: z.number().min(0).max(1).default(0).describe(
      "how far the prompt may change it: 0 not at all, 1 all of it",
    ),
  }),
  create: ({ picture, strength }) => ({
    async *embed({ prompts, shape }, { readPicture, compress, encode, denoise }) {
      const one = yield* compress(await readPicture(picture));
      const embedding = tensor("float32", shape);
      for (let i = 0; i < shape[0]; i++) embedding.data.set(one.data, i * one.data.length);
      if (strength === 0) return embedding;
      return yield* denoise(embedding, { text: yield* encode(prompts), strength });
    },
  }),
});
