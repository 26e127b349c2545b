"""The work of ../measure.ts in diffusers and transformers: same lines, same weights files, same inputs.

Runs in a throw-away virtual environment (see ../README.md); nothing of this toolkit needs Python.
"""

import json
import sys
import time

import diffusers
import torch
import transformers
from diffusers.models.attention_processor import AttnProcessor2_0
from diffusers.pipelines.deprecated.wuerstchen import PaellaVQModel, WuerstchenDiffNeXt, WuerstchenPrior
from safetensors.torch import load_file, save_file

# The missing counter of a BatchNorm that decoding does not use is no news.
diffusers.utils.logging.set_verbosity_error()


def load(request):
    """The network of a case and a function that runs it; its seconds begin here, not at the imports."""
    case = request["case"]
    kind = case["network"]
    dtype = torch.bfloat16 if request.get("bf16") else torch.float32
    if kind == "CLIPTextModel":
        model = transformers.CLIPTextModel.from_pretrained(
            case["folder"], dtype=dtype, attn_implementation="sdpa"
        )
    else:
        classes = {
            "WuerstchenPrior": WuerstchenPrior,
            "WuerstchenDiffNeXt": WuerstchenDiffNeXt,
            "PaellaVQModel": PaellaVQModel,
        }
        model = classes[kind].from_pretrained(case["folder"], torch_dtype=dtype)
    if kind == "WuerstchenPrior":
        # The class chooses the plain processor; Stage B's keeps torch's fused attention.
        model.set_attn_processor(AttnProcessor2_0())
    model.eval()
    return model


def runner(model, request):
    inputs = load_file(request["inputs"])
    dtype = next(model.parameters()).dtype
    inputs = {k: v.to(dtype) if v.is_floating_point() else v for k, v in inputs.items()}
    kind = request["case"]["network"]
    # With guidance the pipelines of diffusers run each latent twice.
    copies = request["case"]["sizes"].get("copies", 1)
    for name in ("x", "r"):
        if name in inputs:
            inputs[name] = torch.cat([inputs[name]] * copies)
    if kind == "CLIPTextModel":
        ids, mask = inputs["ids"], inputs["mask"]
        return lambda: {"states": model(input_ids=ids, attention_mask=mask).last_hidden_state}
    if kind == "WuerstchenPrior":
        return lambda: {"noise": model(inputs["x"], inputs["r"], inputs["c"])}
    if kind == "WuerstchenDiffNeXt":
        return lambda: {"noise": model(inputs["x"], inputs["r"], inputs["effnet"], inputs["clip"])}
    return lambda: {"pixels": model.decode(inputs["latents"]).sample}


def say(answer):
    print(json.dumps(answer), flush=True)


@torch.inference_mode()
def main():
    request = json.loads(sys.argv[1])
    torch.set_num_threads(request["threads"])
    start = time.perf_counter()
    model = load(request)
    seconds = time.perf_counter() - start
    step = runner(model, request)
    versions = {
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "diffusers": diffusers.__version__,
        "transformers": transformers.__version__,
    }
    size = sum(p.numel() * p.element_size() for p in model.parameters())
    say({"load": seconds, "versions": versions, "bytes": size})
    outputs = {}
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "save":
            save_file({k: v.float().contiguous() for k, v in outputs.items()}, arguments[0])
            say({})
        else:
            start, before = time.perf_counter(), time.process_time()
            outputs = step()
            say({"seconds": time.perf_counter() - start, "processor": time.process_time() - before})


main()
