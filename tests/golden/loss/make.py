"""Writes loss.json: what PyTorch, segmentation-models-pytorch, MONAI and SciPy make of losses and their gradients.

    pip install torch==2.13.0 segmentation-models-pytorch==0.6.0 monai==1.6.1 scipy==1.17.1
    python tests/golden/loss/make.py

Read by crates/learn/src/loss/golden.rs. A case has an objective as a recipe writes it, the targets it is for, whether classes
weigh WEIGHTS, the loss and its gradient with respect to the logits. All is computed in f64: where a peer turns numbers into
f32 by `.float()`, that is made to leave them as they are.

Targets: `hard` are 0 and 1, and the last class is nowhere in the batch; `soft` are quarters, the last class is absent, too.
Where a loss of a peer is one number for all classes, it is called once per class and the mean is taken.
"""

import json
import pathlib

import monai
import numpy as np
import scipy
import segmentation_models_pytorch as smp
import torch
from monai.losses import DiceLoss, TverskyLoss
from monai.losses.focal_loss import sigmoid_focal_loss
from scipy.ndimage import distance_transform_edt
from torch.nn.functional import binary_cross_entropy_with_logits

torch.Tensor.float = torch.Tensor.double
SHAPE = [2, 3, 5, 6]
WEIGHTS = [1.0, 2.5, 0.5]
MULTILABEL = {"mode": "multilabel", "from_logits": True}


def weighted(each, weights):
    """The mean of a number per class."""
    weights = torch.tensor(weights or [1.0] * len(each), dtype=each.dtype)
    return (each * weights).sum() / weights.sum()


def cross_entropy(logits, targets, weights):
    each = binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(dim=(0, 2, 3))
    return weighted(each, weights)


def lovasz(per_image):
    loss = smp.losses.LovaszLoss("binary", per_image=per_image)

    def of(logits, targets, weights):
        each = [loss(logits[:, index], targets[:, index]) for index in range(SHAPE[1])]
        return weighted(torch.stack(each), weights)

    return of


def signed_distance(mask):
    """As Kervadec's: positive outside; inside 0 at the rim and negative behind it; 0 where there is nothing of a class."""
    if not mask.any():
        return np.zeros(mask.shape)
    return distance_transform_edt(~mask) * ~mask - (distance_transform_edt(mask) - 1) * mask


def boundary(logits, targets, weights):
    maps = [[signed_distance(mask) for mask in image] for image in (targets >= 0.5).numpy()]
    each = (logits.sigmoid() * torch.tensor(np.array(maps))).mean(dim=(0, 2, 3))
    return weighted(each, weights)


def of_smp(kind, **parameters):
    def of(logits, targets, weights):
        return kind(**MULTILABEL, class_weights=weights, **parameters)(logits, targets)

    return of


def of_monai(loss):
    return lambda logits, targets, weights: loss(logits, targets)


def smoothed(loss, share):
    return lambda logits, targets, weights: loss(logits, targets * (1 - share) + share / 2, weights)


def composed(logits, targets, weights):
    dice = of_smp(smp.losses.DiceLoss, smooth=0.5)(logits, targets, weights)
    return 0.5 * cross_entropy(logits, targets, weights) + 0.25 * dice + 2.0 * boundary(logits, targets, weights)


def term(name, **parameters):
    parameters = {key.replace("_", "-"): value for key, value in parameters.items()}
    return {"terms": [{"name": name, **parameters}]}


Dice, Iou, Tversky, Focal = (
    smp.losses.DiceLoss,
    smp.losses.JaccardLoss,
    smp.losses.TverskyLoss,
    smp.losses.FocalLoss,
)
skip = {"ignore_empty": True}
HARD, SOFT, CLASSES = ("hard", False), ("soft", False), ("hard", True)

# The peer, our objective, theirs, and the (targets, weights of classes) that it is computed for.
CASES = [
    ("torch", term("bce"), cross_entropy, [HARD, SOFT, CLASSES]),
    ("torch", term("bce") | {"label-smoothing": 0.1}, smoothed(cross_entropy, 0.1), [HARD]),
    ("smp", term("dice", smooth=0.0, **skip), of_smp(Dice), [HARD, SOFT, CLASSES]),
    ("smp", term("dice", smooth=1.0, **skip), of_smp(Dice, smooth=0.5), [HARD]),
    ("monai", term("dice", smooth=1.0), of_monai(DiceLoss(sigmoid=True, batch=True, smooth_nr=1, smooth_dr=1)), [HARD]),
    (
        "monai",
        term("dice", smooth=1e-5, per="image"),
        of_monai(DiceLoss(sigmoid=True, smooth_nr=1e-5, smooth_dr=1e-5, soft_label=True)),
        [HARD, SOFT],
    ),
    ("smp", term("iou", smooth=0.0, **skip), of_smp(Iou), [HARD, SOFT, CLASSES]),
    ("smp", term("iou", smooth=1.0, **skip), of_smp(Iou, smooth=1.0), [HARD]),
    (
        "monai",
        term("iou", smooth=1e-5, per="image"),
        of_monai(DiceLoss(sigmoid=True, jaccard=True, smooth_nr=2e-5, smooth_dr=2e-5)),
        [HARD],
    ),
    (
        "smp",
        term("tversky", smooth=0.0, alpha=0.2, beta=0.9, **skip),
        of_smp(Tversky, alpha=0.2, beta=0.9),
        [HARD, SOFT, CLASSES],
    ),
    (
        "monai",
        term("tversky", smooth=1e-5, per="image"),
        of_monai(TverskyLoss(sigmoid=True, alpha=0.3, beta=0.7)),
        [HARD],
    ),
    (
        "monai",
        term("tversky", smooth=1.0),
        of_monai(TverskyLoss(sigmoid=True, alpha=0.3, beta=0.7, batch=True, smooth_nr=1.0, smooth_dr=1.0)),
        [HARD],
    ),
    (
        "smp",
        term("focal-tversky", smooth=0.0, gamma=0.75, **skip),
        of_smp(Tversky, alpha=0.3, beta=0.7, gamma=0.75),
        [HARD, CLASSES],
    ),
    ("smp", term("focal"), of_smp(Focal), [HARD, SOFT, CLASSES]),
    ("smp", term("focal", gamma=1.5, alpha=0.25), of_smp(Focal, gamma=1.5, alpha=0.25), [HARD, SOFT]),
    (
        "monai",
        term("focal", alpha=0.25),
        lambda logits, targets, weights: sigmoid_focal_loss(logits, targets, 2.0, 0.25).mean(),
        [HARD],
    ),
    ("smp", term("lovasz"), lovasz(False), [HARD, SOFT, CLASSES]),
    ("smp", term("lovasz", per="image"), lovasz(True), [HARD]),
    ("scipy", term("boundary"), boundary, [HARD, SOFT, CLASSES]),
    (
        "smp",
        {
            "terms": [
                {"name": "bce", "weight": 0.5},
                {"name": "dice", "weight": 0.25, "ignore-empty": True},
                {"name": "boundary", "weight": 2.0},
            ]
        },
        composed,
        [HARD, CLASSES],
    ),
]


def computed(peer, objective, loss, targets, weights):
    logits = LOGITS.clone().requires_grad_()
    value = loss(logits, TARGETS[targets], WEIGHTS if weights else None)
    value.backward()
    return {
        "peer": peer,
        "objective": objective,
        "targets": targets,
        "weighted": weights,
        "value": value.item(),
        "gradient": logits.grad.flatten().tolist(),
    }


torch.manual_seed(29)
LOGITS = torch.randn(SHAPE, dtype=torch.float64) * 3
shown = torch.rand(SHAPE, dtype=torch.float64)
TARGETS = {"hard": (shown > 0.6).double(), "soft": ((shown * 8 - 3).clamp(0, 4).round() / 4)}
for targets in TARGETS.values():
    targets[:, -1] = 0
golden = {
    "versions": {
        "torch": torch.__version__.split("+")[0],
        "segmentation-models-pytorch": smp.__version__,
        "monai": monai.__version__,
        "scipy": scipy.__version__,
    },
    "shape": SHAPE,
    "weights": WEIGHTS,
    "logits": LOGITS.flatten().tolist(),
    "targets": {name: targets.flatten().tolist() for name, targets in TARGETS.items()},
    "cases": [computed(*case, *which) for *case, whichs in CASES for which in whichs],
}
pathlib.Path(__file__).with_name("loss.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
