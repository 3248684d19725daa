"""Writes the table of published weights that `zoo::provenance` knows: whose they are, how images were normalised for
them, and under which licence they are.

What is said is what the libraries' own tables say: those of timm 1.0.31, torchvision 0.28.0 and
segmentation-models-pytorch 0.5.0 (the last release that has its settings at hand; its repositories are the same in
0.6.0). The tables are evaluated without importing the libraries, so that PyTorch is not needed:

    pip install --no-deps --target FOLDER timm==1.0.31 torchvision==0.28.0 segmentation-models-pytorch==0.5.0
    python published.py FOLDER > ../../../crates/zoo/src/provenance/published.tsv

Columns: encoder, library in whose layout they are, name, beginning of the file's SHA-256, normalisation, licence; `-`
where nothing is known. A name `owner/name` is a repository of the Hugging Face hub.

Digests: all three publishers put the first eight digits of a file's SHA-256 at the end of its name.
Licences: timm's table names some; for the others timm writes "apache-2.0" into the repository's card
(`timm.models._hub`). torchvision's own weights are under its BSD-3-Clause. segmentation-models-pytorch names none: a
file that one of the other tables has as well has the licence there, one from torchvision's server is torchvision's,
one of a project's releases has the project's, MiT are NVIDIA's.
"""

import __future__

import ast
import functools
import re
import runpy
import sys
from pathlib import Path

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
NORMALISATIONS = {
    IMAGENET: "imagenet",
    ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)): "inception",
    ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)): "unit",
    ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)): "clip",
}

# A module of timm, and timm's names there of the zoo's encoders.
TIMM = {
    "resnet": {
        name: name
        for name in "resnet18 resnet34 resnet50 resnet101 resnet152 resnext50_32x4d resnext101_32x8d".split()
    },
    "densenet": {"densenet121": "densenet121", "densenet161": "densenet161"},
    "efficientnet": {"mobilenetv2_100": "mobilenet_v2", "tf_efficientnetv2_xl": "tu-tf_efficientnetv2_xl"}
    | {f"{kind}efficientnet_b{n}": f"efficientnet-b{n}" for kind in ("", "tf_") for n in range(8)}
    | {f"{kind}efficientnet_b8": "timm-efficientnet-b8" for kind in ("", "tf_")},
    "regnet": {"regnetx_320": "timm-regnetx_320"},
    "byobnet": {"gernet_l": "tu-gernet_l"},
    "xception_aligned": {"xception71": "tu-xception71"},
    "resnest": {"resnest50d": "timm-resnest50d"},
    "res2net": {"res2net50_26w_4s": "timm-res2net50_26w_4s"},
    "convnext": {f"convnext_{size}": f"tu-convnext_{size}" for size in ("tiny", "small", "base")},
    "hrnet": {"hrnet_w48": "tu-hrnet_w48", "hrnet_w64": "tu-hrnet_w64"},
    "swin_transformer": {
        name: f"tu-{name}"
        for name in [f"swin_{size}_patch4_window7_224" for size in ("tiny", "small", "base", "large")]
        + [f"swin_{size}_patch4_window12_384" for size in ("base", "large")]
    },
}

# A module of torchvision, and the names there of the zoo's encoders.
TORCHVISION = {
    "resnet": {name: name for name in TIMM["resnet"]},
    "densenet": {name: name for name in TIMM["densenet"]},
    "mobilenetv2": {"mobilenet_v2": "mobilenet_v2"},
    "mobilenetv3": {"mobilenet_v3_large": "mobilenet_v3_large"},
    "efficientnet": {f"efficientnet_b{n}": f"efficientnet-b{n}" for n in range(8)},
    "regnet": {"regnet_x_32gf": "timm-regnetx_320"},
    "convnext": {f"convnext_{size}": f"tu-convnext_{size}" for size in ("tiny", "small", "base")},
    "swin_transformer": {
        f"swin_{size[0]}": f"tu-swin_{size}_patch4_window7_224" for size in ("tiny", "small", "base")
    },
}

SMP = [
    *TIMM["resnet"],
    *TIMM["densenet"],
    "mobilenet_v2",
    *(f"efficientnet-b{n}" for n in range(8)),
    "timm-efficientnet-b8",
    *(f"mit_b{n}" for n in range(6)),
]

# Repositories of models in transformers' layout, their encoder in the zoo, and what is known of their licence. All
# have a `preprocessor_config.json` that normalises as for ImageNet.
TRANSFORMERS = (
    [(f"microsoft/resnet-{depth}", f"resnet{depth}", "-") for depth in (18, 34, 50, 101, 152)]
    + [(f"nvidia/mit-b{n}", f"mit_b{n}", "NVIDIA, not commercial") for n in range(6)]
    + [
        (f"nvidia/segformer-b{n}-finetuned-ade-{side}-{side}", f"mit_b{n}", "NVIDIA, not commercial")
        for n, side in enumerate((512, 512, 512, 512, 512, 640))
    ]
    + [(f"openmmlab/upernet-swin-{size}", f"swin_{size}", "mit") for size in ("tiny", "small", "base", "large")]
    + [(f"openmmlab/upernet-convnext-{size}", f"convnext_{size}", "mit") for size in ("tiny", "small", "base")]
    + [
        (f"microsoft/swin-{size}-patch4-window7-224", f"tu-swin_{size}_patch4_window7_224", "-")
        for size in ("tiny", "small", "base", "large")
    ]
    + [(f"facebook/convnext-{size}-224", f"tu-convnext_{size}", "-") for size in ("tiny", "small", "base")]
)


def digest(url):
    found = re.search(r"-([0-9a-f]{8})\.pth$", url)
    return found[1] if found else "-"


def timm(folder):
    """Rows of timm's `default_cfgs`."""
    constants = runpy.run_path(folder / "timm/data/constants.py")
    for module, names in TIMM.items():
        scope = {name: value for name, value in constants.items() if name.isupper()}
        scope |= {"generate_default_cfgs": dict, "partial": functools.partial}
        tree = ast.parse((folder / f"timm/models/{module}.py").read_text())
        for node in tree.body:
            made = isinstance(node, ast.FunctionDef) and re.fullmatch(r"_\w*cfg\w*", node.name)
            if made or (isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "default_cfgs"):
                exec(compile(ast.Module([node], []), module, "exec", __future__.annotations.compiler_flag), scope)
        for name, settings in scope["default_cfgs"].items():
            if name.split(".")[0] in names and "hf_hub_id" in settings:
                assert settings["hf_hub_id"] == "timm/", name
                normalisation = NORMALISATIONS[tuple(settings["mean"]), tuple(settings["std"])]
                licence = settings.get("license", "apache-2.0")
                licence = "-" if licence in (None, "unknown") else licence
                encoder = names[name.split(".")[0]]
                yield encoder, "timm", f"timm/{name}", digest(settings.get("url", "")), normalisation, licence


def torchvision(folder):
    """Rows of torchvision's enumerations of weights, whose presets normalise as for ImageNet unless they say other."""
    for module, names in TORCHVISION.items():
        tree = ast.parse((folder / f"torchvision/models/{module}.py").read_text())
        for node in tree.body:
            if not (isinstance(node, ast.ClassDef) and node.name.endswith("_Weights")):
                continue
            name = node.name.removesuffix("_Weights").lower()
            for member in node.body if name in names else []:
                if isinstance(member, ast.Assign) and isinstance(member.value, ast.Call):
                    text = ast.unparse(member)
                    assert "mean" not in text and "std" not in text, text
                    url = next(word.value.value for word in member.value.keywords if word.arg == "url")
                    title = f"torchvision {node.name}.{member.targets[0].id}"
                    licence = "cc-by-nc-4.0" if "SWAG" in title else "bsd-3-clause"
                    yield names[name], "torchvision", title, digest(url), "imagenet", licence


def smp(folder, licences):
    """Rows of segmentation-models-pytorch's settings; `licences` of the same files elsewhere."""
    path = folder / "segmentation_models_pytorch/encoders/_legacy_pretrained_settings.py"
    settings = runpy.run_path(path)["pretrained_settings"]
    for encoder in SMP:
        for weights, row in settings[encoder].items():
            url = row["url"]
            if (known := licences.get(digest(url))) is not None:
                licence = known
            elif "://download.pytorch.org/" in url:
                licence = "bsd-3-clause"
            elif "/lukemelas/EfficientNet-PyTorch/" in url or "/rwightman/pytorch-image-models/" in url:
                licence = "apache-2.0"
            elif encoder.startswith("mit_"):
                licence = "NVIDIA, not commercial"
            else:
                licence = "-"
            normalisation = NORMALISATIONS[tuple(row["mean"]), tuple(row["std"])]
            name = f"smp-hub/{encoder}.{weights}"
            yield encoder, "segmentation-models-pytorch", name, digest(url), normalisation, licence


def main():
    folder = Path(sys.argv[1])
    rows = [*timm(folder), *torchvision(folder)]
    licences = {digest: licence for _, _, _, digest, _, licence in rows if digest != "-"}
    rows += smp(folder, licences)
    rows += [(encoder, "transformers", name, "-", "imagenet", licence) for name, encoder, licence in TRANSFORMERS]
    print("encoder\tlibrary\tname\tsha256\tnormalisation\tlicence")
    for row in sorted(rows):
        print("\t".join(row))


if __name__ == "__main__":
    main()
