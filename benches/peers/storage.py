"""Scores to bytes and back."""

import io

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
