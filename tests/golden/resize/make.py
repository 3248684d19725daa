"""Writes cases.json: what cv2.resize of OpenCV 4.10 makes of 8-bit grey noise, for `crates/pixels/tests/resize_golden.rs`.

    pip install opencv-python-headless==4.10.0.84 numpy==2.2.6 xxhash==3.5.0
    python tests/golden/resize/make.py [--count N] > tests/golden/resize/cases.json

A case is [source width, source height, target width, target height, filter, xxh3-128 of the target's pixels]; the
pixel i of the source is the high byte of the 32-bit product of i + 1 and 2654435761.
"""

import argparse
import json
import random
import sys

import cv2
import numpy as np
import xxhash

FILTERS = {"linear": cv2.INTER_LINEAR, "area": cv2.INTER_AREA}

# What radiographs meet, halves, whole scales, ends, and enlarging along one side or both.
SIZES = [
    ((2048, 2048), (512, 512)),
    ((2048, 2048), (256, 256)),
    ((2048, 2048), (1024, 1024)),
    ((2048, 2048), (224, 224)),
    ((1234, 1600), (512, 512)),
    ((516, 750), (512, 512)),
    ((40, 60), (20, 30)),
    ((40, 60), (40, 60)),
    ((40, 60), (40, 30)),
    ((40, 60), (13, 20)),
    ((41, 60), (20, 30)),
    ((30, 30), (10, 6)),
    ((1, 1), (7, 5)),
    ((1, 9), (3, 3)),
    ((9, 1), (3, 3)),
    ((2, 2), (1, 1)),
    ((3, 2), (2, 1)),
    ((20, 10), (10, 20)),
    ((10, 20), (23, 47)),
]


def noise(width, height):
    index = np.arange(1, width * height + 1, dtype=np.uint64)
    return ((index * 2654435761 % 2**32) >> 24).astype(np.uint8).reshape(height, width)


def main():
    assert cv2.__version__ == "4.10.0", cv2.__version__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=120, help="random cases beside the chosen ones")
    rng = random.Random(410)
    side = lambda: rng.choice([rng.randint(1, 8), rng.randint(1, 64), rng.randint(1, 300)])
    sizes = SIZES + [((side(), side()), (side(), side())) for _ in range(parser.parse_args().count)]
    lines = []
    for source, target in sizes:
        for name, filter in FILTERS.items():
            pixels = cv2.resize(noise(*source), target, interpolation=filter)
            lines.append(json.dumps([*source, *target, name, xxhash.xxh3_128_hexdigest(pixels.tobytes())]))
    sys.stdout.write("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
