"""29 masks → run-length texts."""

import numpy as np
from pycocotools import mask as coco

import hands
from serve import Peer


def check(texts):
    return [hands.digest(texts)]


def usual(inputs, threads):
    """The NumPy encoder of every baseline, mask by mask."""
    return Peer(hands.annotations(inputs), hands.masks, lambda masks: [hands.rle(mask) for mask in masks], check)


def text(counts):
    """pycocotools' compressed counts as 1-based `start length` pairs."""
    # Six bits a character, least significant first: five of a number, and whether more follow.
    characters = np.frombuffer(counts, dtype=np.uint8).astype(np.int64) - 48
    last = characters & 32 == 0
    ends = np.flatnonzero(last)
    starts = np.concatenate([[0], ends[:-1] + 1])
    place = np.arange(len(characters)) - np.repeat(starts, ends - starts + 1)
    numbers = np.add.reduceat((characters & 31) << 5 * place, starts)
    numbers -= (characters[ends] & 16 != 0).astype(np.int64) << 5 * (ends - starts + 1)
    # From the fourth on, a number is the difference to the one two before.
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    bounds = np.cumsum(numbers)
    pairs = np.empty(len(numbers) // 2 * 2, dtype=np.int64)
    pairs[0::2] = bounds[: len(pairs) : 2] + 1
    pairs[1::2] = numbers[1::2]
    return " ".join(map(str, pairs.tolist()))


def tuned(inputs, threads):
    """pycocotools, which walks over each mask once in C; its masks are column-major, hence the transposed view."""

    def run(masks):
        return [text(encoded["counts"]) for encoded in coco.encode(masks.transpose(2, 1, 0))]

    return Peer(hands.annotations(inputs), hands.masks, run, check)
