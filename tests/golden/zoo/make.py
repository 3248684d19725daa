"""What the reference implementations compute for the zoo's models.

    make.py keys ENCODER…                  the key lists of these encoders, of `torchvision` or of `transformers`; all
                                           of them without a name
    make.py golden [ARCHITECTURE/ENCODER…] the activations of these rows of GOLDEN, all of them without a name
    make.py rows DIR [--only PATTERN] [--then COMMAND]
        DIR/<architecture>-<encoder>/{weights,run-<H>x<W>,gradients}.safetensors of every pair that the reference
        builds and whose architecture/encoder matches the shell pattern; with --then, `COMMAND row` checks each row,
        which is deleted before the next is made

Files in this folder:
    keys/<encoder>.txt.gz                  [encoder]: key, dtype and shape of every encoder tensor, one a line;
                                           [<architecture>]: the same of the decoder and head, and of the encoder
                                           where it differs from the first section; or [<architecture>] refused
    keys/{torchvision,transformers}.txt.gz the same by model: [<architecture>/<encoder>], with `unused` for dtype and
                                           shape of what checkpoints have beside the logits' path
    <architecture>-<encoder>.safetensors   logits_<H>x<W> in evaluation mode, every STEPth pixel of every STEPth
                                           row; loss and gradient_norms (by sorted key) in training; all of it
                                           computed in double precision

No weights are stored: `values` makes them from the keys by integer arithmetic and correctly rounded operations, so
that crates/zoo/tests/golden.rs makes the same bits. Versions: requirements.txt. See `parity` for the environment.
"""

import argparse
import fnmatch
import functools
import gzip
import pathlib
import shutil
import subprocess
import sys
import unittest.mock
import warnings

import dialects
import numpy as np
import segmentation_models_pytorch as smp
import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent

# Encoders by family; a new variant is a name, a new family a line.
FAMILIES = {
    "resnet": ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d", "resnext101_32x8d"],
    "resnest": ["timm-resnest50d"],
    "res2net": ["timm-res2net50_26w_4s"],
    "regnet": ["timm-regnetx_320"],
    "genet": ["tu-gernet_l"],
    "densenet": ["densenet121", "densenet161"],
    "mit": [f"mit_b{size}" for size in range(6)],
    "mobilenet_v2": ["mobilenet_v2"],
    "efficientnet": [f"efficientnet-b{size}" for size in range(8)]
    + ["timm-efficientnet-b8", "tu-tf_efficientnetv2_xl"],
    "convnext": [f"tu-convnext_{size}" for size in ("tiny", "small", "base")],
    "swin": [f"tu-swin_{size}_patch4_window7_224" for size in ("tiny", "small", "base", "large")]
    + [f"tu-swin_{size}_patch4_window12_384" for size in ("base", "large")],
    "hrnet": ["tu-hrnet_w48", "tu-hrnet_w64"],
    "xception": ["tu-xception71"],
}
ENCODERS = [encoder for family in FAMILIES.values() for encoder in family]



def options(encoder: str) -> dict[str, bool]:
    """What the encoder's constructor takes; without this, Swin computes one size only."""
    return {"dynamic_img_size": True} if encoder.startswith("tu-swin") else {}


# Architectures by the function of encoder and classes that builds their reference, or raises.
SMP = "unet unetplusplus manet linknet fpn pspnet deeplabv3 deeplabv3plus pan upernet segformer".split()
ARCHITECTURES = {
    name: lambda encoder, classes, name=name: smp.create_model(
        name, encoder, encoder_weights=None, classes=classes, **options(encoder)
    )
    for name in SMP
}
# torchvision's and transformers' models are built by name.
MODELS = [(architecture, encoder) for encoder in ENCODERS for architecture in ARCHITECTURES]
MODELS += [tuple(name.split("/")) for name in dialects.MODELS]

# One small encoder an architecture, one small variant a family: 2 classes, batch 2, a square and an oblong size.
GOLDEN = [(architecture, "resnet18") for architecture in ARCHITECTURES] + [
    ("unet", "timm-resnest50d"),
    ("deeplabv3", "timm-resnest50d"),
    ("unet", "timm-res2net50_26w_4s"),
    ("deeplabv3", "timm-res2net50_26w_4s"),
    ("unet", "timm-regnetx_320"),
    ("deeplabv3", "timm-regnetx_320"),
    ("unet", "tu-gernet_l"),
    ("deeplabv3", "tu-gernet_l"),
    ("unet", "densenet121"),
    ("unet", "mit_b0"),
    ("segformer", "mit_b0"),
    ("deeplabv3", "mit_b0"),
    ("fcn", "resnet50"),
    ("torchvision-deeplabv3", "resnet50"),
    ("lraspp", "mobilenet_v3_large"),
    ("hf-segformer", "mit_b0"),
    ("hf-upernet", "swin_tiny"),
    ("hf-upernet", "convnext_tiny"),
    ("unet", "mobilenet_v2"),
    ("deeplabv3plus", "mobilenet_v2"),
    ("unet", "efficientnet-b0"),
    ("deeplabv3plus", "efficientnet-b0"),
    ("unet", "tu-convnext_tiny"),
    ("deeplabv3", "tu-convnext_tiny"),
    ("unet", "tu-swin_tiny_patch4_window7_224"),
    ("unet", "tu-hrnet_w48"),
    ("unet", "tu-xception71"),
    ("deeplabv3plus", "tu-xception71"),
]
GOLDEN_SIZES = [(64, 64), (32, 96)]
ROW_SIZES = [(128, 128), (96, 160)]
# Pixels of the logits that golden files keep: 3 shares no factor with any stride, so that every phase is seen.
STEP = 3
SPLITMIX = [np.uint64(c) for c in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)]


def legal(architecture: str, encoder: str, sizes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """`sizes`, as far enlarged as the model needs."""
    smallest = 128 if architecture == "pan" else 32
    return [(max(height, smallest), max(width, smallest)) for height, width in sizes]


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
    """The tensor called `key`: weights of variance 1 / fan_in, norms about 1, everything else about 0.

    With 2 / fan_in, whose maps keep their scale where every layer has a ReLU, those of networks with linear layers
    grow from block to block, and rounding with them: up to 0.6 of the logits in EfficientNet-b8.
    """
    if key.endswith("num_batches_tracked"):
        return torch.tensor(7)
    x = uniform(key, int(np.prod(shape)))
    if len(shape) > 1:
        x = x * np.sqrt(3.0 / np.prod(shape[1:]))
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


def reference(architecture: str, encoder: str, classes: int) -> torch.nn.Module:
    """The reference model; raises where the reference refuses."""
    if architecture in ARCHITECTURES:
        return ARCHITECTURES[architecture](encoder, classes)
    return dialects.MODELS[f"{architecture}/{encoder}"](classes)


def outline(architecture: str, encoder: str, classes: int) -> torch.nn.Module:
    """The reference model without its values; raises where the reference refuses."""
    # Rates of stochastic depth are read from a tensor, which therefore needs values.
    rates = functools.partial(torch.linspace, device="cpu")
    with torch.device("meta"), unittest.mock.patch.object(torch, "linspace", rates):
        return reference(architecture, encoder, classes)


def tensors(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Parameters and buffers by the keys of checkpoints."""
    return model.native() if isinstance(model, dialects.Logits) else model.state_dict(keep_vars=True)


def build(architecture: str, encoder: str, classes: int) -> torch.nn.Module:
    """The reference model, filled, with stochastic depth and dropout off."""
    model = reference(architecture, encoder, classes)
    for key, t in tensors(model).items():
        t.data.copy_(values(key, tuple(t.shape)))
    for module in model.modules():
        for rate in ("drop_prob", "_drop_connect_rate", "drop_path_rate"):
            if isinstance(getattr(module, rate, None), float):
                setattr(module, rate, 0.0)
        if isinstance(module, torch.nn.modules.dropout._DropoutNd):
            module.p = 0.0
    return model


def evaluate(model: torch.nn.Module, size: tuple[int, int], dtype: torch.dtype = torch.float32) -> torch.Tensor:
    with torch.no_grad():
        return model.to(dtype).eval()(images(size).to(dtype)).contiguous()


def cotangent(shape: tuple[int, ...]) -> torch.Tensor:
    return torch.from_numpy(uniform("cotangent", int(np.prod(shape))).astype(np.float32)).reshape(shape)


def train(model: torch.nn.Module, size: tuple[int, int]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Loss and gradients of mean(logits · cotangent) in training mode, of the parameters that have one.

    In double precision: batch statistics and ReLU's kink turn single precision's rounding into per cents.
    """
    logits = model.double().train()(images(size).double())
    loss = (logits * cotangent(logits.shape).double()).mean()
    loss.backward()
    gradients = {key: p.grad.contiguous() for key, p in tensors(model).items() if p.grad is not None}
    return loss.detach(), gradients


def key_lines(model: torch.nn.Module) -> dict[bool, list[str]]:
    """A line a tensor, by whether it is the encoder's."""
    lines = {True: [], False: []}
    for key, t in tensors(model).items():
        lines[key.startswith("encoder.")].append(f"{key} {form(t)}\n")
    return lines


def form(t: torch.Tensor) -> str:
    return f"{str(t.dtype).removeprefix('torch.')} {'x'.join(map(str, t.shape)) or 'scalar'}"


def write_dialect_keys(library: str) -> None:
    text = ""
    for name in dialects.MODELS:
        model = outline(*name.split("/"), classes=29)
        if not type(model.model).__module__.startswith(library):
            continue
        text += f"[{name}]\n"
        for key, t in tensors(model).items():
            text += f"{key} {'unused' if key.startswith(dialects.UNUSED) else form(t)}\n"
    (HERE / "keys" / f"{library}.txt.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


def write_keys(encoder: str) -> None:
    usual, text = None, ""
    for architecture in ARCHITECTURES:
        try:
            lines = key_lines(outline(architecture, encoder, classes=29))
        except Exception as refusal:
            print(f"{architecture}/{encoder} refused: {refusal!r}", file=sys.stderr)
            text += f"[{architecture}] refused\n"
            continue
        if usual is None:
            usual = lines[True]
            text += "[encoder]\n" + "".join(usual)
        text += f"[{architecture}]\n"
        if lines[True] != usual:
            text += "".join(lines[True])
        text += "".join(lines[False])
    assert usual is not None, f"no architecture can be built on {encoder}"
    path = HERE / "keys" / f"{encoder}.txt.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def write_golden(architecture: str, encoder: str) -> None:
    model = build(architecture, encoder, classes=2)
    sizes = legal(architecture, encoder, GOLDEN_SIZES)
    logits = {f"logits_{h}x{w}": evaluate(model, (h, w), torch.float64) for h, w in sizes}
    activations = {key: t[..., ::STEP, ::STEP].contiguous() for key, t in logits.items()}
    activations["loss"], gradients = train(model, sizes[0])
    activations["gradient_norms"] = torch.stack([g.norm() for _, g in sorted(gradients.items())])
    save_file(activations, HERE / f"{architecture}-{encoder}.safetensors")


def write_row(row: pathlib.Path, architecture: str, encoder: str) -> None:
    row.mkdir(parents=True)
    model = build(architecture, encoder, classes=29)
    save_file({key: t.detach().contiguous() for key, t in tensors(model).items()}, row / "weights.safetensors")
    sizes = legal(architecture, encoder, ROW_SIZES)
    runs = [{"images": images(size), "single": evaluate(model, size)} for size in sizes]
    # Weights change their precision once: single, then double.
    for size, run in zip(sizes, runs):
        run["double"] = evaluate(model, size, torch.float64)
        save_file(run, row / f"run-{size[0]}x{size[1]}.safetensors")
    loss, gradients = train(model, sizes[0])
    gradients |= {"loss": loss, "images": images(sizes[0]), "cotangent": cotangent((2, 29, *sizes[0]))}
    save_file(gradients, row / "gradients.safetensors")


def write_rows(folder: pathlib.Path, pattern: str, command: str | None) -> None:
    checked, failed = 0, []
    if command is not None:
        columns = ["single", "frozen", "double", "loss", "gradient"]
        print(f"{'model':40} {' '.join(f'{column:>10}' for column in columns)}  worst gradient", flush=True)
    for architecture, encoder in MODELS:
        name = f"{architecture}/{encoder}"
        if not fnmatch.fnmatchcase(name, pattern):
            continue
        try:
            outline(architecture, encoder, classes=29)
        except Exception:
            continue
        row = folder / name.replace("/", "-")
        shutil.rmtree(row, ignore_errors=True)
        write_row(row, architecture, encoder)
        if command is None:
            print(row, flush=True)
            continue
        checked += 1
        if subprocess.run([command, row]).returncode != 0:
            failed.append(name)
        shutil.rmtree(row)
    if command is not None:
        print(f"{checked} models: " + (f"{len(failed)} do NOT agree: {', '.join(failed)}" if failed else "all agree"))
        sys.exit(bool(failed) or checked == 0)


def main() -> None:
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    keys = commands.add_parser("keys")
    lists = [*ENCODERS, "torchvision", "transformers"]
    keys.add_argument("lists", nargs="*", choices=[*lists, []], metavar="ENCODER")
    golden = commands.add_parser("golden")
    names = [f"{architecture}/{encoder}" for architecture, encoder in GOLDEN]
    golden.add_argument("models", nargs="*", choices=[*names, []], metavar="ARCHITECTURE/ENCODER")
    rows = commands.add_parser("rows")
    rows.add_argument("folder", type=pathlib.Path)
    rows.add_argument("--only", default="*")
    rows.add_argument("--then")
    arguments = parser.parse_args()
    match arguments.command:
        case "keys":
            for name in arguments.lists or lists:
                write_keys(name) if name in ENCODERS else write_dialect_keys(name)
        case "golden":
            for name in arguments.models or names:
                write_golden(*name.split("/"))
        case "rows":
            write_rows(arguments.folder, arguments.only, arguments.then)


if __name__ == "__main__":
    main()
