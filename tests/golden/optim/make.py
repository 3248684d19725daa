"""Writes optim.json: what PyTorch and lion-pytorch compute for optimizers, schedules, clipping and averages of weights.

    pip install torch==2.13.0 lion-pytorch==0.2.5
    python tests/golden/optim/make.py

Read by crates/learn/tests/optimizers.rs and schedules.rs, which draw the same tensors, all in double precision. Element i,
counted row-major, of the tensor of number n (from 0) is

    at the start        cos(0.7 i + n)
    gradient of step s  sin(0.37 i + 1.3 s + 2 n) · (0.2 + 0.8 cos²(0.11 s))      s from 0

Each optimizer goes along each schedule, for 50 steps. Of each tensor there are, after steps 10 and 50, the sum, the sum
of squares and the values at four indices (first, at a third, at two thirds, last), with 14 digits.

- `late` has no gradient in the first three steps, `never` in none.
- Weights of fewer than two dimensions and the position table do not decay.
- The encoder's rate is a tenth of the others'.
- `rate 0` is each optimizer at its peak for 10 steps, at a rate of 0 for 30, and at its peak again; `clipped` is one with
  gradients clipped to a norm of 1.
- Schedules are at a peak of 1 and of 5 steps an epoch; a plateau has a validation after each epoch e, from 0:
  0.5 + 0.03 min(e, 1) + 0.001 sin(e).
"""

import json
import math
import pathlib
import sys
from importlib.metadata import version

import torch
from lion_pytorch import Lion
from torch.optim import SGD, Adam, AdamW, RMSprop, lr_scheduler
from torch.optim.swa_utils import get_ema_multi_avg_fn

STEPS = 50
PER_EPOCH = 5
SHAPES = {
    "matrix": [9, 1000],
    "kernel": [6, 5, 3, 3],
    "bias": [7],
    "norm.weight": [6],
    "attn.relative_position_bias_table": [9, 2],
    "encoder.conv.weight": [3, 4],
    "late": [3, 5],
    "never": [4, 3],
}
SPARED = {"bias", "norm.weight", "attn.relative_position_bias_table"}
ENCODER_LR = 0.1
CHANNELS_LAST = {"kernel"}

# Names and parameters as in the configuration.
OPTIMIZERS = {
    "sgd": {"name": "sgd", "lr": 0.05},
    "sgd momentum": {"name": "sgd", "lr": 0.05, "momentum": 0.9, "dampening": 0.3, "weight-decay": 0.1},
    "sgd nesterov": {"name": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": True, "weight-decay": 0.1},
    "adam": {"name": "adam", "lr": 0.01, "betas": [0.8, 0.95], "weight-decay": 0.1},
    "adam amsgrad": {"name": "adam", "lr": 0.01, "amsgrad": True},
    "adamw": {"name": "adamw", "lr": 0.01, "betas": [0.9, 0.99], "eps": 1e-6, "weight-decay": 0.1},
    "adamw amsgrad": {"name": "adamw", "lr": 0.01, "weight-decay": 0.05, "amsgrad": True},
    "lion": {"name": "lion", "lr": 0.003, "betas": [0.9, 0.99], "weight-decay": 0.5},
    "rmsprop": {"name": "rmsprop", "lr": 0.01, "weight-decay": 0.1},
    "rmsprop all": {
        "name": "rmsprop",
        "lr": 0.01,
        "alpha": 0.9,
        "eps": 1e-6,
        "momentum": 0.9,
        "centered": True,
        "weight-decay": 0.1,
    },
}
CLASSES = {"sgd": SGD, "adam": Adam, "adamw": AdamW, "lion": Lion, "rmsprop": RMSprop}

SCHEDULES = {
    "constant": {"name": "constant", "warmup": 0},
    "cosine": {"name": "cosine", "warmup": 0, "min-lr": 0.1},
    "cosine restarts": {"name": "cosine", "warmup": 0, "min-lr": 0.05, "first-cycle": 0.2, "cycle-growth": 2},
    "cosine warm-up": {"name": "cosine", "warmup": 0.2},
    "step": {"name": "step", "warmup": 0, "every": 3, "gamma": 0.3},
    "plateau": {
        "name": "plateau",
        "warmup": 0,
        "factor": 0.4,
        "patience": 1,
        "min-delta": 0.002,
        "cooldown": 1,
        "min-lr": 0.2,
    },
    "poly": {"name": "poly", "warmup": 0, "power": 0.9},
    "poly warm-up": {"name": "poly", "warmup": 0.1, "power": 2},
    "one-cycle": {"name": "one-cycle", "pct-start": 0.3, "div-factor": 20, "final-div-factor": 100},
}


def dice(epoch):
    return 0.5 + 0.03 * min(epoch, 1) + 0.001 * math.sin(epoch)


def scheduler(name, optimizer):
    warm = lambda steps: lr_scheduler.LinearLR(optimizer, 1 / steps, 1, steps - 1)
    after = lambda steps, then: lr_scheduler.SequentialLR(optimizer, [warm(steps), then], [steps])
    return {
        "constant": lambda: lr_scheduler.ConstantLR(optimizer, 1),
        "cosine": lambda: lr_scheduler.CosineAnnealingLR(optimizer, STEPS, 0.1),
        "cosine restarts": lambda: lr_scheduler.CosineAnnealingWarmRestarts(optimizer, STEPS // 5, 2, 0.05),
        "cosine warm-up": lambda: after(10, lr_scheduler.CosineAnnealingLR(optimizer, STEPS - 10)),
        "step": lambda: lr_scheduler.StepLR(optimizer, 3, 0.3),
        "plateau": lambda: lr_scheduler.ReduceLROnPlateau(optimizer, "max", 0.4, 1, 0.002, "abs", 1, 0.2, 0),
        "poly": lambda: lr_scheduler.PolynomialLR(optimizer, STEPS, 0.9),
        "poly warm-up": lambda: after(5, lr_scheduler.PolynomialLR(optimizer, STEPS - 5, 2)),
        "one-cycle": lambda: lr_scheduler.OneCycleLR(
            optimizer, 1, STEPS, pct_start=0.3, cycle_momentum=False, div_factor=20, final_div_factor=100
        ),
    }[name]()


def rates(name):
    optimizer = SGD([torch.zeros(1, dtype=torch.float64, requires_grad=True)], lr=1.0)
    schedule = scheduler(name, optimizer)
    found = []
    for step in range(STEPS):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        epoch, last = step // PER_EPOCH, step % PER_EPOCH == PER_EPOCH - 1
        if name == "plateau":
            if last:
                schedule.step(dice(epoch))
        elif name != "step" or last:
            schedule.step()
    return found


def numbers(number, shape):
    return torch.arange(math.prod(shape), dtype=torch.float64).reshape(shape), float(number)


def start(number, shape):
    index, number = numbers(number, shape)
    return torch.cos(0.7 * index + number)


def gradient(number, shape, step):
    index, number = numbers(number, shape)
    return torch.sin(0.37 * index + (1.3 * step + 2 * number)) * (0.2 + 0.8 * math.cos(0.11 * step) ** 2)


def laid(key, tensor):
    return tensor.contiguous(memory_format=torch.channels_last) if key in CHANNELS_LAST else tensor


def summary(tensor):
    flat = tensor.detach().contiguous().flatten()
    count = flat.numel()
    samples = [flat[index].item() for index in [0, count // 3, 2 * count // 3, count - 1]]
    return [float(f"{value:.14g}") for value in [flat.sum().item(), flat.square().sum().item(), *samples]]


def built(config, tensors):
    """The optimizer with a group for each tensor."""
    given = {key.replace("-", "_"): value for key, value in config.items() if key not in ["name", "lr", "weight-decay"]}
    decay = config.get("weight-decay", 0.0)
    groups = [
        {"params": [tensor], "key": key, "weight_decay": 0.0 if key in SPARED else decay}
        for key, tensor in tensors.items()
    ]
    return CLASSES[config["name"]](groups, lr=config["lr"], **given)


def run(config, shares, clip=None):
    tensors = {key: laid(key, start(n, shape)).requires_grad_() for n, (key, shape) in enumerate(SHAPES.items())}
    optimizer = built(config, tensors)
    after, norms = {}, []
    for step, share in enumerate(shares):
        for number, (key, tensor) in enumerate(tensors.items()):
            missing = key == "never" or (key == "late" and step < 3)
            tensor.grad = None if missing else laid(key, gradient(number, SHAPES[key], step))
        if clip is not None:
            norms.append(torch.nn.utils.clip_grad_norm_(tensors.values(), clip).item())
        for group in optimizer.param_groups:
            encoder = group["key"].startswith("encoder.")
            group["lr"] = config["lr"] * share * (ENCODER_LR if encoder else 1)
        optimizer.step()
        if step + 1 in [10, 50]:
            after[step + 1] = {key: summary(tensor) for key, tensor in tensors.items() if key != "never"}
    return {"after": after, "norms": norms}


def average():
    """The average of a tensor that each step draws anew, by get_ema_multi_avg_fn(0.999)."""
    mean, update = [start(0, [40])], get_ema_multi_avg_fn(0.999)
    for step in range(STEPS):
        update(mean, [start(0, [40]) + gradient(0, [40], step)], None)
    return mean[0].tolist()


shares = {name: rates(name) for name in SCHEDULES}
golden = {
    "versions": {name: version(name).split("+")[0] for name in ["torch", "lion-pytorch"]},
    "shapes": SHAPES,
    "encoder-lr": ENCODER_LR,
    "optimizers": OPTIMIZERS,
    "schedules": {name: {"config": config, "rates": shares[name]} for name, config in SCHEDULES.items()},
    "runs": [
        {"optimizer": optimizer, "schedule": schedule, **run(OPTIMIZERS[optimizer], shares[schedule])}
        for optimizer in OPTIMIZERS
        for schedule in SCHEDULES
    ],
    "rate 0": {name: run(config, [1.0] * 10 + [0.0] * 30 + [1.0] * 10) for name, config in OPTIMIZERS.items()},
    "clipped": run(OPTIMIZERS["sgd momentum"], shares["cosine"], 1.0),
    "average": average(),
}
text = json.dumps(golden, indent=None, separators=(",", ":"))
pathlib.Path(sys.argv[1] if sys.argv[1:] else pathlib.Path(__file__).with_name("optim.json")).write_text(text + "\n")
