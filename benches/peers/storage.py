"""Scores to bytes and back."""

import io

import numpy as np

import hands
from serve import Peer

SCORES = 512
LIMIT = 6.926577


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


def quantise(scores):
    """Probabilities in 255 steps."""
    probability = 1 / (1 + np.exp(-scores.astype(np.float32)))
    return np.ceil(255 * probability - 0.5).astype(np.uint8)


def logits(quantised):
    """The logits that the steps stand for, through a table."""
    with np.errstate(divide="ignore"):
        steps = np.arange(256, dtype=np.float32)
        table = np.log(steps / (255 - steps))
    return np.clip(table, -LIMIT, LIMIT).astype(np.float16)[quantised]


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
