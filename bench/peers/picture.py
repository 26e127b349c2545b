"""Paints one picture of the bundled model with diffusers, as a script that somebody runs: the counterpart of `wuerstchen generate`.

    python picture.py MODEL PROMPT SEED OUTPUT

Prints the seconds that painting took without imports and loading.
"""

import json
import sys
import time
from pathlib import Path

import diffusers.pipelines
import torch
from diffusers import WuerstchenDecoderPipeline, WuerstchenPriorPipeline
from diffusers.pipelines.deprecated import wuerstchen

# diffusers 0.39 moved the classes that `model_index.json` finds under this name.
diffusers.pipelines.wuerstchen = wuerstchen

model, prompt, seed, output = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
torch.set_num_threads(int(sys.argv[5]))
defaults = json.loads((model / "prior/wuerstchen.json").read_text())
prior = WuerstchenPriorPipeline.from_pretrained(model / "prior", torch_dtype=torch.float32)
decoder = WuerstchenDecoderPipeline.from_pretrained(model / "decoder", torch_dtype=torch.float32)
for pipeline in (prior, decoder):
    pipeline.set_progress_bar_config(disable=True)
start = time.perf_counter()
generator = torch.Generator("cpu").manual_seed(seed)
embeds = prior(
    prompt=prompt,
    negative_prompt="",
    height=128,
    width=128,
    num_inference_steps=defaults["prior_steps"],
    guidance_scale=defaults["prior_guidance"],
    output_type="pt",
    generator=generator,
).image_embeddings
image = decoder(
    image_embeddings=embeds,
    prompt=prompt,
    negative_prompt="",
    num_inference_steps=defaults["decoder_steps"],
    guidance_scale=defaults["decoder_guidance"],
    output_type="pil",
    generator=generator,
).images[0]
print(json.dumps({"seconds": time.perf_counter() - start}))
image.save(output)
