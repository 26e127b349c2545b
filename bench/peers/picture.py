"""Paints one picture with diffusers, as a script that somebody runs: the counterpart of `wuerstchen generate`.

    python picture.py REQUEST

REQUEST is painter.ts' `Picture` as JSON, with `bf16`. Prints the seconds that painting took without imports and loading.
"""

import json
import sys
import time
from pathlib import Path

import diffusers.pipelines
import torch
from diffusers import WuerstchenDecoderPipeline, WuerstchenPriorPipeline
from diffusers.models.attention_processor import AttnProcessor2_0
from diffusers.pipelines.deprecated import wuerstchen

# diffusers 0.39 moved the classes that `model_index.json` finds under this name.
diffusers.pipelines.wuerstchen = wuerstchen

request = json.loads(sys.argv[1])
torch.set_num_threads(request["threads"])
dtype = torch.bfloat16 if request["bf16"] else torch.float32
model = Path(request["model"])
prior = WuerstchenPriorPipeline.from_pretrained(model / "prior", torch_dtype=dtype)
# The class chooses the plain processor; Stage B's keeps torch's fused attention.
prior.prior.set_attn_processor(AttnProcessor2_0())
decoder = WuerstchenDecoderPipeline.from_pretrained(model / "decoder", torch_dtype=dtype)
for pipeline in (prior, decoder):
    pipeline.set_progress_bar_config(disable=True)
start = time.perf_counter()
generator = torch.Generator("cpu").manual_seed(request["seed"])
embeds = prior(
    prompt=request["prompt"],
    negative_prompt="",
    height=request["side"],
    width=request["side"],
    num_inference_steps=request["steps"]["prior"],
    guidance_scale=request["guidance"]["prior"],
    output_type="pt",
    generator=generator,
).image_embeddings
image = decoder(
    image_embeddings=embeds,
    prompt=request["prompt"],
    negative_prompt="",
    num_inference_steps=request["steps"]["decoder"],
    guidance_scale=request["guidance"]["decoder"],
    output_type="pil",
    generator=generator,
).images[0]
print(json.dumps({"seconds": time.perf_counter() - start}))
image.save(request["output"])
