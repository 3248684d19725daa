"""Networks: training steps and inference of segmentation-models-pytorch's models, on weights that our side has drawn.

`torch.compile` has no form here: it needs a C++ compiler, and minutes before its first step.
"""

import contextlib
import ctypes
from pathlib import Path

import segmentation_models_pytorch as smp
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from serve import Peer

CLASSES = 29
UNET = ("unet", "resnet50")
SEGFORMER = ("segformer", "mit_b0")


def load(inputs, name):
    """A model with all of its weights, and the batch: images and targets."""
    model = smp.create_model(*name, encoder_weights=None, classes=CLASSES)
    model.load_state_dict(load_file(inputs / f"networks/{'-'.join(name)}.safetensors"), strict=True)
    for module in model.modules():
        # Stochastic depth draws other numbers on our side, so that both leave it out.
        if isinstance(getattr(module, "drop_prob", None), float):
            module.drop_prob = 0.0
    batch = load_file(inputs / "networks/batch.safetensors")
    return model, batch["images"], batch["targets"].float()


def laid_out(model, images, targets):
    """The same, channels last: how convolutions run fastest on CPUs."""
    last = torch.channels_last
    return model.to(memory_format=last), images.to(memory_format=last), targets.to(memory_format=last)


def keep_freed_memory():
    """Lets glibc keep what a step frees, as `LD_PRELOAD` of another allocator would; nothing with other C libraries."""
    with contextlib.suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        for option, value in ((-4, 0), (-1, -1), (-2, 64 << 20)):  # M_MMAP_MAX, M_TRIM_THRESHOLD, M_TOP_PAD
            mallopt(option, value)


def autocast():
    """bfloat16 where the CPU computes in it; elsewhere it would be slower than single precision."""
    try:
        there = "avx512_bf16" in Path("/proc/cpuinfo").read_text()
    except OSError:
        there = False
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=there)


def training(model, images, targets, optimizer, precision):
    """A step as every training loop has it. A step's number is its loss; checked are the gradients too, and the step
    by the loss after it."""
    model.train()

    def loss_of(images, targets):
        with precision():
            return F.binary_cross_entropy_with_logits(model(images), targets)

    def run(batch):
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(*batch)
        loss.backward()
        optimizer.step()
        return loss.item()

    def check(loss):
        gradients = [parameter.grad.norm() for parameter in model.parameters() if parameter.grad is not None]
        with torch.no_grad():
            return [loss, torch.stack(gradients).norm(), loss_of(images, targets)]

    return Peer([(images, targets)], lambda batch: batch, run, check, images=len(images))


def training_usual(inputs, name):
    """Eager, single precision, as a model and its optimizer are when nothing is asked for."""
    model, images, targets = load(inputs, name)
    return training(model, images, targets, torch.optim.AdamW(model.parameters(), lr=1e-3), contextlib.nullcontext)


def training_tuned(inputs, name):
    """Channels last, bfloat16 where it pays, memory kept, and an optimizer that goes over each tensor once."""
    model, images, targets = laid_out(*load(inputs, name))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    keep_freed_memory()
    return training(model, images, targets, optimizer, autocast)


def inference(images, run):
    """Logits; checked are their mean sizes, of each class and of all."""

    def check(logits):
        sizes = logits.float().abs().mean(dim=(0, 2, 3))
        return [*sizes, sizes.mean()]

    return Peer([images], lambda images: images, run, check, images=len(images))


def inference_usual(inputs, name):
    """Eager, single precision, without gradients."""
    model, images, _ = load(inputs, name)
    return inference(images, torch.no_grad()(model.eval()))


def inference_tuned(inputs, name):
    """Channels last, bfloat16 where it pays, memory kept, in inference mode."""
    model, images, _ = laid_out(*load(inputs, name))
    model.eval()
    keep_freed_memory()

    def run(images):
        with torch.inference_mode(), autocast():
            return model(images)

    return inference(images, run)


def unet_training_usual(inputs, threads):
    return training_usual(inputs, UNET)


def unet_training_tuned(inputs, threads):
    return training_tuned(inputs, UNET)


def unet_inference_usual(inputs, threads):
    return inference_usual(inputs, UNET)


def unet_inference_tuned(inputs, threads):
    return inference_tuned(inputs, UNET)


def segformer_training_usual(inputs, threads):
    return training_usual(inputs, SEGFORMER)


def segformer_training_tuned(inputs, threads):
    return training_tuned(inputs, SEGFORMER)


def segformer_inference_usual(inputs, threads):
    return inference_usual(inputs, SEGFORMER)


def segformer_inference_tuned(inputs, threads):
    return inference_tuned(inputs, SEGFORMER)
