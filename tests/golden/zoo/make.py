"""What segmentation-models-pytorch 0.6 computes for the zoo's models.

    make.py golden          the files in this folder that the tests of crate zoo read
    make.py rows DIR        DIR/<architecture>-<encoder>/{weights,run-<H>x<W>,gradients}.safetensors, for `just parity`

Golden files:
    keys/encoders/<encoder>.txt            key, dtype and shape of every encoder tensor, one a line
    keys/<architecture>/<encoder>.txt      the same for the decoder and head on that encoder
    <architecture>-<encoder>.safetensors   logits_<H>x<W> in evaluation mode; loss and gradient_norms (by sorted
                                           key) in training

No weights are stored: `fill` makes them from the keys by integer arithmetic and correctly rounded operations, so
that crates/zoo/tests/golden.rs makes the same bits. Versions: requirements.txt. See `parity` for the environment.
"""

import pathlib
import sys

import numpy as np
import segmentation_models_pytorch as smp
import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
ARCHITECTURES = {"unet": smp.Unet, "segformer": smp.Segformer}
RESNETS = ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d", "resnext101_32x8d"]
MITS = [f"mit_b{size}" for size in range(6)]
# One small variant a family and architecture: 2 classes, batch 2, a square and an oblong size.
GOLDEN = [("unet", "resnet18"), ("unet", "mit_b0"), ("segformer", "resnet18"), ("segformer", "mit_b0")]
GOLDEN_SIZES = [(64, 64), (32, 96)]
ROW_SIZES = [(128, 128), (96, 160)]
SPLITMIX = [np.uint64(c) for c in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)]


def uniform(key: str, count: int) -> np.ndarray:
    """`count` float64 in [-1, 1), multiples of 2^-23: splitmix64 counting up from the FNV-1a hash of `key`."""
    state = 0xCBF29CE484222325
    for byte in key.encode():
        state = (state ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        x = np.uint64(state) + SPLITMIX[0] * np.arange(1, count + 1, dtype=np.uint64)
        x = (x ^ (x >> np.uint64(30))) * SPLITMIX[1]
        x = (x ^ (x >> np.uint64(27))) * SPLITMIX[2]
        x = x ^ (x >> np.uint64(31))
    return (x >> np.uint64(40)).astype(np.float64) / 2.0**23 - 1.0


def values(key: str, shape: tuple[int, ...]) -> torch.Tensor:
    """The tensor called `key`: weights of variance 2 / fan_in, norms about 1, everything else about 0."""
    if key.endswith("num_batches_tracked"):
        return torch.tensor(7)
    x = uniform(key, int(np.prod(shape)))
    if len(shape) > 1:
        x = x * np.sqrt(6.0 / np.prod(shape[1:]))
    elif key.endswith("running_var"):
        x = 1.0 + 0.5 * x
    elif key.endswith("weight"):
        x = 1.0 + 0.25 * x
    else:
        x = 0.125 * x
    return torch.from_numpy(x.astype(np.float32).reshape(shape))


def images(size: tuple[int, int]) -> torch.Tensor:
    height, width = size
    return torch.from_numpy(uniform("images", 6 * height * width).astype(np.float32).reshape(2, 3, height, width))


def build(architecture: str, encoder: str, classes: int) -> torch.nn.Module:
    """The reference model, filled, with stochastic depth off."""
    model = ARCHITECTURES[architecture](encoder, encoder_weights=None, classes=classes)
    model.load_state_dict({key: values(key, tuple(t.shape)) for key, t in model.state_dict().items()})
    for module in model.modules():
        if hasattr(module, "drop_prob"):
            module.drop_prob = 0.0
    return model


def evaluate(model: torch.nn.Module, size: tuple[int, int]) -> torch.Tensor:
    with torch.no_grad():
        return model.eval()(images(size)).contiguous()


def cotangent(shape: tuple[int, ...]) -> torch.Tensor:
    return torch.from_numpy(uniform("cotangent", int(np.prod(shape))).astype(np.float32)).reshape(shape)


def train(model: torch.nn.Module, size: tuple[int, int]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Loss and gradients of mean(logits · cotangent) in training mode.

    In double precision: batch statistics and ReLU's kink turn single precision's rounding into per cents.
    """
    logits = model.double().train()(images(size).double())
    loss = (logits * cotangent(logits.shape).double()).mean()
    loss.backward()
    return loss.detach(), {key: p.grad.contiguous() for key, p in model.named_parameters()}


def write_keys() -> None:
    for architecture in ARCHITECTURES:
        for encoder in RESNETS + MITS:
            model = ARCHITECTURES[architecture](encoder, encoder_weights=None, classes=29)
            lines = {"encoders": [], architecture: []}
            for key, t in model.state_dict().items():
                shape = "x".join(map(str, t.shape)) or "scalar"
                part = "encoders" if key.startswith("encoder.") else architecture
                lines[part].append(f"{key} {str(t.dtype).removeprefix('torch.')} {shape}\n")
            for part, text in lines.items():
                path = HERE / "keys" / part / f"{encoder}.txt"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("".join(text))


def write_golden() -> None:
    write_keys()
    for architecture, encoder in GOLDEN:
        model = build(architecture, encoder, classes=2)
        tensors = {f"logits_{h}x{w}": evaluate(model, (h, w)) for h, w in GOLDEN_SIZES}
        tensors["loss"], gradients = train(model, GOLDEN_SIZES[0])
        tensors["gradient_norms"] = torch.stack([g.norm() for _, g in sorted(gradients.items())])
        save_file(tensors, HERE / f"{architecture}-{encoder}.safetensors")


def write_rows(folder: pathlib.Path) -> None:
    for encoder in RESNETS + MITS:
        for architecture in ARCHITECTURES:
            row = folder / f"{architecture}-{encoder}"
            row.mkdir(parents=True, exist_ok=True)
            model = build(architecture, encoder, classes=29)
            save_file(model.state_dict(), row / "weights.safetensors")
            for size in ROW_SIZES:
                run = {"images": images(size), "logits": evaluate(model, size)}
                save_file(run, row / f"run-{size[0]}x{size[1]}.safetensors")
            loss, gradients = train(model, ROW_SIZES[0])
            gradients |= {"loss": loss, "cotangent": cotangent((2, 29, *ROW_SIZES[0]))}
            save_file(gradients, row / "gradients.safetensors")
            print(row, flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["golden"]:
            write_golden()
        case ["rows", folder]:
            write_rows(pathlib.Path(folder))
        case _:
            sys.exit(__doc__)
