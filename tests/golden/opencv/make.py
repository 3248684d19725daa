"""Writes polygons.json: rings, and the pixels that OpenCV's fillPoly covers of each.

    pip install opencv-python-headless==4.10.0.84 numpy==2.2.6
    python tests/golden/opencv/make.py

`crates/bones/tests/polygon_golden.rs` checks every case. A case is
`{"kind": …, "size": [width, height], "ring": [[x, y], …], "area": pixels, "runs": hash}`; the hash is FNV-1a (64
bits) of the row-major runs from 0, start and length as little-endian 32-bit numbers.
"""

import json
import math
import pathlib
import random
import struct
import sys

sys.dont_write_bytecode = True

import cv2  # noqa: E402
import numpy as np  # noqa: E402

import fuzz  # noqa: E402
import polygons  # noqa: E402

EACH = 150
HIGH = 29
RADIOGRAPH = (2048, 2048)


def fnv1a(numbers):
    value = 0xCBF29CE484222325
    for byte in struct.pack(f"<{len(numbers)}I", *numbers):
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def outline(rng, bone):
    """One of the 29 outlines of a radiograph, with as many corners as annotators give it."""
    count = rng.randint(17, 63) if bone < 27 else rng.randint(200, 600)
    middle = [rng.randint(300, 1700), rng.randint(200, 1900)]
    width, height = (80, 130) if bone < 27 else (200, 325)
    width, height = rng.randint(width // 2, 3 * width // 2), rng.randint(height // 2, 3 * height // 2)
    waves = [(n, rng.uniform(0, 0.4 / n), rng.uniform(0, 7)) for n in (2, 3, 5, 11)]
    ring = []
    for k in range(count):
        angle = 2 * math.pi * k / count
        bulge = 1 + sum(depth * math.cos(n * angle + phase) for n, depth, phase in waves)
        x, y = width * bulge * math.cos(angle), height * bulge * math.sin(angle)
        ring.append([round(middle[0] + x), round(middle[1] + y)])
    return ring


def case(kind, size, ring):
    runs = fuzz.runs(fuzz.fill(ring, size))
    return {"kind": kind, "size": size, "ring": ring, "area": sum(runs[1::2]), "runs": f"{fnv1a(runs):016x}"}


def main():
    assert (cv2.__version__, np.__version__) == ("4.10.0", "2.2.6"), (cv2.__version__, np.__version__)
    rng = random.Random(29)
    cases = []
    for kind, count in [*((kind, EACH) for kind in polygons.KINDS), (polygons.high, HIGH)]:
        # Cases of one size follow each other, so that the test can fill 29 of them at once.
        for size in sorted(rng.choice(polygons.SIZES) for _ in range(count)):
            cases.append(case(kind.__name__, size, kind(rng, size)))
    cases += [case("radiograph", RADIOGRAPH, outline(rng, bone)) for bone in range(29)]
    path = pathlib.Path(__file__).with_name("polygons.json")
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    path.write_text(f"[\n{lines}\n]\n")
    print(f"{len(cases)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
