"""Scores to bytes and back."""

import io

import cv2
import numpy as np

import hands
from serve import Peer

SCORES = 512


def load(inputs):
    def prepare(image):
        scores = np.fromfile(inputs / f"scores/0/{image}.f16", dtype=np.float16)
        return scores.reshape(len(hands.BONES), SCORES, SCORES)

    return range(len(hands.images(inputs))), prepare


def save(scores):
    file = io.BytesIO()
    np.savez_compressed(file, scores=scores)
    return file


def write(inputs, threads):
    """np.savez_compressed of half precision."""
    return Peer(*load(inputs), save, lambda file: [], stored=lambda file: file.tell())


def read(inputs, threads):
    """np.load of such a file."""
    items, prepare = load(inputs)

    def rewound(image):
        file = save(prepare(image))
        file.seek(0)
        return file

    check = lambda scores: [np.sum(scores.view(np.uint16), dtype=np.int64)]
    return Peer(items, rewound, lambda file: np.load(file)["scores"], check)


def levels(logits):
    """Steps even in the logarithm: bytes from 128 on for positive logits."""
    with np.errstate(invalid="ignore"):
        level = np.minimum(np.nan_to_num(21 * np.log2(1 + 4 * np.abs(logits))), 127).astype(np.uint8)
        return np.where(logits > 0, 128 + level, 127 - level).astype(np.uint8)


HALVES = np.arange(65536, dtype=np.uint16).view(np.float16)
BYTES = levels(HALVES.astype(np.float64))
STEPS = (2 ** ((np.arange(128) + 0.5) / 21) - 1) / 4
LOGITS = np.concatenate([-STEPS[::-1], STEPS]).astype(np.float16)
SQUARE = np.ones((3, 3), np.uint8)
# From this level on a network is sure, and the level of what is sure all around.
SURE, SETTLED = 98, 101


def quantise(scores):
    """Bytes through a table; one for what is sure all around."""
    quantised = BYTES[scores.view(np.uint16)]
    for plane in quantised:
        outside, inside = (cv2.erode(sure.view(np.uint8), SQUARE) for sure in (plane < 128 - SURE, plane >= 128 + SURE))
        plane[outside != 0], plane[inside != 0] = 127 - SETTLED, 128 + SETTLED
    return quantised


def logits(quantised):
    """The logits that the bytes stand for, through a table."""
    return LOGITS[quantised]


def write_quantised(inputs, threads):
    """np.savez_compressed of bytes."""
    run = lambda scores: save(quantise(scores))
    return Peer(*load(inputs), run, lambda file: [], stored=lambda file: file.tell())


def read_quantised(inputs, threads):
    """np.load of such a file, and a look-up."""
    items, prepare = load(inputs)

    def rewound(image):
        file = save(quantise(prepare(image)))
        file.seek(0)
        return file

    check = lambda scores: [np.sum(scores.view(np.uint16), dtype=np.int64)]
    return Peer(items, rewound, lambda file: logits(np.load(file)["scores"]), check)
