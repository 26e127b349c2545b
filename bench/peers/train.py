"""A step of training as ../measure_step.ts takes it, in PyTorch: the networks of diffusers and transformers, the compressor
written here, the same weights and batch, AdamW, clipping and moving average.

Runs in a throw-away virtual environment (see ../README.md); nothing of this toolkit needs Python.
"""

import json
import math
import sys
import time
from pathlib import Path

import diffusers
import torch
import torch.nn.functional as F
import transformers
from diffusers.models.attention_processor import AttnProcessor2_0
from diffusers.pipelines.deprecated.wuerstchen import PaellaVQModel, WuerstchenDiffNeXt, WuerstchenPrior
from diffusers.pipelines.deprecated.wuerstchen.modeling_wuerstchen_common import WuerstchenLayerNorm
from diffusers.pipelines.deprecated.wuerstchen.modeling_wuerstchen_diffnext import ResBlockStageB
from safetensors.torch import load_file
from torch import nn


class SmallCompressor(nn.Module):
    """networks/small_compressor.ts."""

    def __init__(self, in_channels, c_latent, patch_size, c_hidden, blocks, kernel_size, image_mean, image_std, **_):
        super().__init__()
        self.mean, self.std = (torch.tensor(x).view(1, -1, 1, 1) for x in (image_mean, image_std))
        self.unshuffle = [nn.PixelUnshuffle(patch_size if i == 0 else 2) for i in range(len(c_hidden))]
        self.levels = nn.ModuleList()
        c = in_channels * patch_size**2
        for width, count in zip(c_hidden, blocks):
            level = nn.Module()
            level.embedding = nn.Conv2d(c, width, kernel_size=1)
            level.norm = WuerstchenLayerNorm(width, elementwise_affine=False, eps=1e-6)
            level.blocks = nn.ModuleList(ResBlockStageB(width, kernel_size=kernel_size) for _ in range(count))
            self.levels.append(level)
            c = 4 * width
        self.mapper = nn.Conv2d(c_hidden[-1], c_latent, kernel_size=1)
        self.norm = WuerstchenLayerNorm(c_latent, elementwise_affine=False, eps=1e-6)

    def forward(self, pixels, size):
        x = F.interpolate(pixels, size=size, mode="bilinear", antialias=True)
        x = (x - self.mean) / self.std
        for unshuffle, level in zip(self.unshuffle, self.levels):
            x = level.norm(level.embedding(unshuffle(x)))
            for block in level.blocks:
                x = block(x)
        return self.norm(self.mapper(x))


def add_noise(x, noise, alpha_cumprod):
    a = alpha_cumprod.view(-1, 1, 1, 1)
    return a.sqrt() * x + (1 - a).sqrt() * noise


def weighed(predicted, noise, weight):
    return (F.mse_loss(predicted, noise, reduction="none").mean(dim=(1, 2, 3)) * weight).mean()


def text_encoder(config):
    return transformers.CLIPTextModel(transformers.CLIPTextConfig(**config, attn_implementation="sdpa"))


class StageA(nn.Module):
    def __init__(self, training):
        super().__init__()
        self.weights = training["own"]["loss"]
        self.vqgan = PaellaVQModel(**training["configs"]["vqgan"])
        self.stored = training["own"]["statistics"] == "stored"

    def train(self, mode=True):
        super().train(mode)
        if self.stored:
            self.vqgan.down_blocks[-1].eval()

    def forward(self, pixels, quantize):
        latents = self.vqgan.encode(pixels, return_dict=False)[0]
        codebook = self.vqgan.vquantizer.embedding
        rows = latents.permute(0, 2, 3, 1)
        with torch.no_grad():
            codes = torch.cdist(rows.reshape(-1, rows.shape[-1]), codebook.weight).argmin(1)
        quantized = codebook(codes.view(rows.shape[:-1])).permute(0, 3, 1, 2)
        snapped = latents + (quantized - latents).detach()
        mixed = latents + quantize.view(-1, 1, 1, 1) * (snapped - latents)
        decoded = self.vqgan.decode(mixed, return_dict=False)[0]
        w = self.weights
        loss = w["squared"] * F.mse_loss(decoded, pixels)
        if w["absolute"]:
            loss = loss + w["absolute"] * F.l1_loss(decoded, pixels)
        loss = loss + w["codebook"] * F.mse_loss(quantized, latents.detach())
        return loss + w["commitment"] * F.mse_loss(latents, quantized.detach())


class StageB(nn.Module):
    def __init__(self, training):
        super().__init__()
        configs = training["configs"]
        self.compressor = SmallCompressor(**configs["compressor"])
        self.text_encoder = text_encoder(configs["decoder_text_encoder"])
        self.decoder = WuerstchenDiffNeXt(**configs["decoder"], dropout=0)
        self.stride = configs["compressor"]["patch_size"] * 2 ** (len(configs["compressor"]["c_hidden"]) - 1)
        self.multiple = training["pipeline"]["resolutionMultiple"]

    def forward(
        self, pixels, latents, noise, t, alpha_cumprod, weight, embedding_keep, embedding_alpha_cumprod,
        embedding_noise, ids, mask,
    ):
        size = [self.stride * math.ceil(side / self.multiple) for side in pixels.shape[2:]]
        embedding = add_noise(self.compressor(pixels, size), embedding_noise, embedding_alpha_cumprod)
        effnet = embedding * embedding_keep.view(-1, 1, 1, 1)
        clip = self.text_encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        predicted = self.decoder(add_noise(latents, noise, alpha_cumprod), t, effnet, clip)
        return weighed(predicted, noise, weight)


class StageC(nn.Module):
    def __init__(self, training):
        super().__init__()
        configs = training["configs"]
        self.text_encoder = text_encoder(configs["prior_text_encoder"])
        self.prior = WuerstchenPrior(**configs["prior"], dropout=0)
        # The class chooses the plain processor; Stage B's keeps torch's fused attention.
        self.prior.set_attn_processor(AttnProcessor2_0())

    def forward(self, latents, noise, t, alpha_cumprod, weight, ids, mask):
        clip = self.text_encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return weighed(self.prior(add_noise(latents, noise, alpha_cumprod), t, clip), noise, weight)


def read_weights(model, folder):
    missing, unexpected = model.load_state_dict(load_file(folder / "weights.safetensors"), strict=False)
    # A counter that no computation reads, and a table of positions that is not trained.
    missing = [key for key in missing if not key.endswith(("num_batches_tracked", "position_ids"))]
    if missing or unexpected:
        raise KeyError(f"Expected the same parameters but found {missing} missing and {unexpected} unexpected")


def learning_rate(own, step):
    """train/optimiser/schedule.ts: warm-up, then a constant or a cosine."""
    warm_up, floor = own["schedule"]["warmUp"], own["schedule"]["floor"]
    if step <= warm_up:
        return own["optimiser"]["learningRate"] * step / warm_up
    if own["schedule"]["kind"] == "constant":
        return own["optimiser"]["learningRate"]
    done = (step - warm_up) / (own["steps"] - warm_up)
    return own["optimiser"]["learningRate"] * (floor + (1 - floor) * (1 + math.cos(math.pi * min(1, done))) / 2)


class Trainer:
    def __init__(self, request):
        folder = Path(request["folder"])
        training = json.loads((folder / "training.json").read_text())
        self.own = training["own"]
        self.model = {"stageA": StageA, "stageB": StageB, "stageC": StageC}[request["phase"]](training)
        read_weights(self.model, folder)
        self.model.train()
        self.inputs = load_file(folder / "inputs.safetensors")
        self.parameters = list(self.model.parameters())
        adamw = self.own["optimiser"]
        decay = [p for p in self.parameters if p.dim() > 1]
        plain = [p for p in self.parameters if p.dim() <= 1]
        self.optimiser = torch.optim.AdamW(
            [{"params": decay, "weight_decay": adamw["weightDecay"]}, {"params": plain, "weight_decay": 0}],
            betas=(adamw["beta1"], adamw["beta2"]), eps=adamw["epsilon"], fused=True,
        )
        self.average = [p.detach().clone() for p in self.parameters]
        self.steps = 0

    def step(self):
        self.steps += 1
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.own, self.steps)
        self.optimiser.zero_grad()
        loss = self.model(**self.inputs)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.parameters, self.own.get("clip", math.inf), foreach=True)
        self.optimiser.step()
        rest = 1 - min(self.own["average"], (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(self.average, [p.detach() for p in self.parameters], rest)
        return {"loss": loss.item(), "norm": norm.item()}


def say(answer):
    print(json.dumps(answer), flush=True)


def main():
    request = json.loads(sys.argv[1])
    torch.set_num_threads(request["threads"])
    start = time.perf_counter()
    trainer = Trainer(request)
    versions = {
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "diffusers": diffusers.__version__,
        "transformers": transformers.__version__,
    }
    size = sum(p.numel() * p.element_size() for p in trainer.parameters)
    say({"load": time.perf_counter() - start, "versions": versions, "bytes": size})
    for _ in sys.stdin:
        start, before = time.perf_counter(), time.process_time()
        report = trainer.step()
        say({"seconds": time.perf_counter() - start, "processor": time.process_time() - before, **report})


main()
