"""Writes training.json: what PyTorch computes for AdamW, gradient clipping and losses.

    pip install torch==2.13.0 && python make.py

Read by crates/learn/tests/golden.rs.
"""

import json
import pathlib

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

SHAPES = {"weight": [2, 3], "bias": [3], "kernel": [2, 1, 2, 2]}
RATES = [1e-3, 5e-2, 1e-2, 3e-3, 1e-4]
DECAY = 0.1
CLIP = 0.5


def numbers(tensor):
    return tensor.detach().flatten().tolist()


def optimizer():
    """Five steps: decay on tensors of two dimensions or more, gradients clipped, a rate for each step."""
    start = {key: torch.randn(shape) for key, shape in SHAPES.items()}
    tensors = {key: value.clone().requires_grad_() for key, value in start.items()}
    decaying = [tensor for tensor in tensors.values() if tensor.dim() >= 2]
    others = [tensor for tensor in tensors.values() if tensor.dim() < 2]
    adamw = torch.optim.AdamW([{"params": decaying, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}])
    steps = []
    for number, rate in enumerate(RATES):
        gradients = {key: torch.randn(shape) * 0.3**number for key, shape in SHAPES.items()}
        for key, tensor in tensors.items():
            tensor.grad = gradients[key].clone()
        norm = torch.nn.utils.clip_grad_norm_(tensors.values(), CLIP)
        for group in adamw.param_groups:
            group["lr"] = rate
        adamw.step()
        steps.append(
            {
                "rate": rate,
                "gradients": {key: numbers(value) for key, value in gradients.items()},
                "norm": norm.item(),
                "after": {key: numbers(value) for key, value in tensors.items()},
            }
        )
    start = {key: numbers(value) for key, value in start.items()}
    return {"decay": DECAY, "clip": CLIP, "shapes": SHAPES, "start": start, "steps": steps}


def losses():
    """Logits, targets, the losses and the gradient of their mix."""
    logits = (torch.randn(2, 3, 4, 5) * 4).requires_grad_()
    targets = (torch.rand(2, 3, 4, 5) > 0.7).float()
    targets[:, 2] = 0
    shares = logits.sigmoid()
    total = lambda tensor: tensor.sum(dim=(0, 2, 3))
    dice = (2 * total(shares * targets) + 1) / (total(shares) + total(targets) + 1)
    cross_entropy = binary_cross_entropy_with_logits(logits, targets)
    mixed = 0.75 * cross_entropy + 0.25 * (1 - dice.mean())
    mixed.backward()
    return {
        "shape": list(logits.shape),
        "logits": numbers(logits),
        "targets": numbers(targets),
        "cross_entropy": cross_entropy.item(),
        "dice_weight": 0.25,
        "mixed": mixed.item(),
        "gradient": numbers(logits.grad),
    }


torch.manual_seed(29)
golden = {"torch": torch.__version__.split("+")[0], "optimizer": optimizer(), "losses": losses()}
pathlib.Path(__file__).with_name("training.json").write_text(json.dumps(golden) + "\n")
