"""Compares `cargo run --example polygon_fill` with cv2.fillPoly on random rings until it is told to stop.

    pip install opencv-python-headless==4.10.0.84 numpy==2.2.6
    cargo build -p bones --example polygon_fill
    python tests/golden/opencv/fuzz.py target/debug/examples/polygon_fill --each 10000

Prints rings and mismatching ones by kind; exits with 1 if there are any.
"""

import argparse
import json
import random
import subprocess
import sys

sys.dont_write_bytecode = True

import cv2  # noqa: E402
import numpy as np  # noqa: E402

import polygons  # noqa: E402


def runs(mask):
    """`start length start length …` of a mask's pixels, row-major from 0."""
    steps = np.flatnonzero(np.diff(np.concatenate([[0], mask.ravel(), [0]])))
    steps[1::2] -= steps[::2]
    return steps.tolist()


def fill(ring, size):
    mask = np.zeros((size[1], size[0]), np.int8).view(np.uint8)
    cv2.fillPoly(mask, [np.array(ring, np.int32)], 1)
    return mask.view(np.int8)


def compare(program, kind, count, rng):
    cases = []
    for _ in range(count):
        size = rng.choice(polygons.SIZES)
        cases.append({"size": size, "ring": kind(rng, size)})
    lines = "\n".join(json.dumps(case) for case in cases)
    answer = subprocess.run([program], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    wrong = [
        case
        for case, line in zip(cases, answer, strict=True)
        if runs(fill(case["ring"], case["size"])) != list(map(int, line.split()))
    ]
    print(f"{kind.__name__:14} {count:8} rings {len(wrong):6} wrong", flush=True)
    for case in wrong[:3]:
        print("   ", json.dumps(case))
    return len(wrong)


def main():
    assert cv2.__version__ == "4.10.0", cv2.__version__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--each", type=int, default=1000, help="rings of each kind")
    parser.add_argument("--high", type=int, default=0, help="rings that reach far above the image (slow in OpenCV)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    wrong = sum(compare(args.program, kind, args.each, rng) for kind in polygons.KINDS)
    if args.high:
        wrong += compare(args.program, polygons.high, args.high, rng)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
