"""The inputs that the bench has drawn, and masks as NumPy programs hold them: uint8 arrays [29, height, width]."""

import json
import zlib

import cv2
import numpy as np

BONES = [f"finger-{number}" for number in range(1, 20)] + [
    "Trapezium", "Trapezoid", "Capitate", "Hamate", "Scaphoid", "Lunate", "Triquetrum", "Pisiform", "Radius", "Ulna",
]  # fmt: skip
INDEX = {bone: index for index, bone in enumerate(BONES)}
SIDE = 2048


def images(inputs):
    """The radiographs, in order."""
    return sorted((inputs / "hands/train/DCM").glob("*/*.png"))


def annotations(inputs):
    """The outlines of the radiographs, in their order."""
    return sorted((inputs / "hands/train/outputs_json").glob("*/*.json"))


def masks(path):
    """The masks of an annotation file."""
    label = np.zeros((len(BONES), SIDE, SIDE), dtype=np.uint8)
    for annotation in json.loads(path.read_bytes())["annotations"]:
        points = np.array(annotation["points"]).astype(np.int32)
        cv2.fillPoly(label[INDEX[annotation["label"]]], [points], 1)
    return label


def rle(mask):
    """The run encoder of every baseline."""
    pixels = np.concatenate([[0], mask.flatten(), [0]])
    runs = np.where(pixels[1:] != pixels[:-1])[0] + 1
    runs[1::2] -= runs[::2]
    return " ".join(str(x) for x in runs)


def unrle(text, height=SIDE, width=SIDE):
    """The run decoder of every baseline."""
    words = text.split()
    starts, lengths = [np.asarray(x, dtype=int) for x in (words[0::2], words[1::2])]
    starts -= 1
    mask = np.zeros(height * width, dtype=np.uint8)
    for start, end in zip(starts, starts + lengths):
        mask[start:end] = 1
    return mask.reshape(height, width)


def digest(texts):
    """A number for run-length texts, the same on our side."""
    return zlib.adler32("\n".join(texts).encode())


def masks_digest(masks):
    """A number for masks [29, height, width]."""
    return [digest([rle(mask.astype(np.uint8)) for mask in masks])]
