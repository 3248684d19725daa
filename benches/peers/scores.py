"""Scores at a network's resolution → masks at the radiograph's."""

import numpy as np
import torch
import torch.nn.functional as F

import hands
from serve import Peer

SCORES = 512
THRESHOLD = 0.5


def check(masks):
    """Areas: where a score is within rounding of the threshold, a pixel may differ."""
    return [np.count_nonzero(mask) for mask in np.asarray(masks)]


def load(inputs, models):
    def prepare(image):
        maps = [np.fromfile(inputs / f"scores/{model}/{image}.f16", dtype=np.float16) for model in range(models)]
        return [torch.from_numpy(map.reshape(1, len(hands.BONES), SCORES, SCORES)) for map in maps]

    return range(len(hands.images(inputs))), prepare


def upsampled(scores):
    size = (hands.SIDE, hands.SIDE)
    return F.interpolate(scores, size=size, mode="bilinear", align_corners=False)


@torch.no_grad()
def masks_usual(models):
    """As in every baseline's inference loop: upsample, sigmoid, to NumPy, mean of the models, compare."""
    probabilities = [torch.sigmoid(upsampled(scores.float())).cpu().numpy() for scores in models]
    probability = probabilities[0] if len(models) == 1 else np.mean(probabilities, axis=0)
    return (probability > THRESHOLD)[0]


@torch.no_grad()
def masks_tuned(models):
    """A bone at a time, so that the maps stay in the cache; one model's logits are compared without the sigmoid."""
    masks = np.empty((len(hands.BONES), hands.SIDE, hands.SIDE), dtype=bool)
    for bone, mask in enumerate(masks):
        maps = [upsampled(scores[:, bone : bone + 1].float())[0, 0] for scores in models]
        if len(maps) == 1:
            torch.gt(maps[0], 0.0, out=torch.from_numpy(mask))
            continue
        total = maps[0].sigmoid_()
        for map in maps[1:]:
            total += map.sigmoid_()
        torch.gt(total, THRESHOLD * len(maps), out=torch.from_numpy(mask))
    return masks


def one_usual(inputs, threads):
    return Peer(*load(inputs, 1), masks_usual, check)


def one_tuned(inputs, threads):
    return Peer(*load(inputs, 1), masks_tuned, check)


def three_usual(inputs, threads):
    return Peer(*load(inputs, 3), masks_usual, check)


def three_tuned(inputs, threads):
    return Peer(*load(inputs, 3), masks_tuned, check)
