"""Hard votes: of five submissions into one, and of masks."""

import csv

import numpy as np
import pandas as pd

import hands
from serve import Peer

SUBMISSIONS = 5
VOTES = 3


def submissions(inputs):
    return [inputs / f"submissions/{number}.csv" for number in range(1, SUBMISSIONS + 1)]


def check(texts):
    return [hands.digest(texts)]


def usual(inputs, threads):
    """The script that goes round in competitions: decode each row, sum, compare, encode."""

    def run(paths):
        tables = [pd.read_csv(path) for path in paths]
        texts = []
        for index in range(len(tables[0])):
            votes = np.zeros((hands.SIDE, hands.SIDE), dtype=np.uint8)
            for table in tables:
                text = table.iloc[index]["rle"]
                votes += hands.unrle("" if pd.isna(text) else text)
            texts.append(hands.rle(votes >= VOTES))
        return texts

    return Peer([submissions(inputs)], lambda paths: paths, run, check, images=len(hands.images(inputs)))


def column(path):
    """The run-length texts of a submission."""
    with open(path, newline="") as file:
        rows = csv.reader(file)
        next(rows)
        return [row[2] for row in rows]


def tuned(inputs, threads):
    """No pixels: the starts and ends of all runs, sorted, and the sum of their steps."""

    def run(paths):
        texts = []
        for rows in zip(*map(column, paths)):
            runs = np.fromstring(" ".join(rows), dtype=np.int64, sep=" ")
            starts, lengths = runs[0::2], runs[1::2]
            places = np.concatenate([starts, starts + lengths])
            steps = np.ones(len(places), dtype=np.int64)
            steps[len(starts) :] = -1
            order = np.argsort(places, kind="stable")
            places = places[order]
            final = np.flatnonzero(np.diff(places, append=-1))
            elected = np.cumsum(steps[order])[final] >= VOTES
            bounds = places[final][np.flatnonzero(np.diff(elected, prepend=False))]
            bounds[1::2] -= bounds[0::2]
            texts.append(" ".join(map(str, bounds.tolist())))
        return texts

    return Peer([submissions(inputs)], lambda paths: paths, run, check, images=len(hands.images(inputs)))


def prepared_masks(inputs):
    """The masks of the five submissions for each image."""
    columns = [column(path) for path in submissions(inputs)]

    def prepare(image):
        rows = slice(image * len(hands.BONES), (image + 1) * len(hands.BONES))
        return [np.stack([hands.unrle(text) for text in texts[rows]]) for texts in columns]

    return range(len(hands.images(inputs))), prepare


def masks_usual(inputs, threads):
    """Stack, sum, compare."""
    run = lambda masks: np.sum(masks, axis=0) >= VOTES
    return Peer(*prepared_masks(inputs), run, hands.masks_digest)


def masks_tuned(inputs, threads):
    """Sums of bytes, in place, a bone at a time."""

    def run(masks):
        result = np.empty(masks[0].shape, dtype=bool)
        votes = np.empty(masks[0].shape[1:], dtype=np.uint8)
        for bone in range(len(result)):
            np.copyto(votes, masks[0][bone])
            for mask in masks[1:]:
                votes += mask[bone]
            np.greater_equal(votes, VOTES, out=result[bone])
        return result

    return Peer(*prepared_masks(inputs), run, hands.masks_digest)
