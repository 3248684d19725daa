"""The submission that OpenCV and NumPy make of a data set's outlines: the oracle of decode | rasterize-labels | encode-rle.

    pip install opencv-python-headless==4.10.0.84 numpy==1.26.4
    python submission.py DATA > peer.csv
    decode DATA --split train | rasterize-labels | encode-rle | cmp - peer.csv
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np

CLASSES = [f"finger-{n}" for n in range(1, 20)] + [
    "Trapezium", "Trapezoid", "Capitate", "Hamate", "Scaphoid", "Lunate", "Triquetrum", "Pisiform", "Radius", "Ulna",
]


def run_length_text(mask):
    """1-based `start length` pairs over the row-major pixels."""
    pixels = np.concatenate([[0], mask.flatten(), [0]])
    changes = np.where(pixels[1:] != pixels[:-1])[0] + 1
    changes[1::2] -= changes[::2]
    return " ".join(map(str, changes))


def main(root):
    print("image_name,class,rle")
    for image in sorted((root / "train/DCM").rglob("*.png"), key=lambda path: path.relative_to(root).as_posix()):
        outlines = root / "train/outputs_json" / image.relative_to(root / "train/DCM").with_suffix(".json")
        height, width = cv2.imread(str(image), cv2.IMREAD_GRAYSCALE).shape
        points = {each["label"]: each["points"] for each in json.loads(outlines.read_text())["annotations"]}
        for name in CLASSES:
            mask = np.zeros((height, width), np.uint8)
            if points.get(name):
                cv2.fillPoly(mask, [np.array(points[name]).astype(np.int32)], 1)
            print(f"{image.name},{name},{run_length_text(mask)}")


main(Path(sys.argv[1]))
