"""Writes what OpenCV 4.10 makes of smooth pictures by warpAffine, warpPerspective and remap, for
`crates/augment/tests/warp.rs`.

    pip install opencv-python-headless==4.10.0.84 numpy==2.1.3
    python tests/golden/warp/make.py tests/golden/warp/warp.json
    python tests/golden/warp/make.py noise      # how far OpenCV is off on noise

A case has a picture, its size and that of the result [width, height], the steps, and the pixels of the result in
hexadecimal digits. Steps are named by what OpenCV builds them with; each moves what is at p to matrix(p):

    turn        cv2.getRotationMatrix2D(centre, angle in degrees, scale)
    four        cv2.getPerspectiveTransform(from, to)
    affine      the two rows of the matrix

A mesh comes last: each p shows what was at p + d(p), with d bilinear between nodes `cell` pixels apart, row-major.

OpenCV rounds positions to 1/32 of a pixel, so that it is off by up to 1/64 of the difference of neighbours in each
direction. Within one grey level it can only be where neighbours differ by less than 64, and pixels at the border are
neighbours of black. Hence the pictures, sums of sines all (of pixel's centres, rounded):

    dim     8 … 56
    bright  24 at the border, up to 224 in the middle
    full    16 … 240, at the border too: only for maps to multiples of 1/32 of a pixel
"""

import json
import math
import sys
from pathlib import Path

import cv2
import numpy as np


def picture(name, size):
    width, height = size
    y, x = np.mgrid[:height, :width].astype(np.float64)
    waves = 0.6 * np.sin(x / 9 + y / 17 + 1) + 0.4 * np.sin(x / 23 - y / 8 + 2)
    if name == "dim":
        grey = 32 + 24 * waves
    elif name == "bright":
        arch = np.sin(math.pi * (x + 0.5) / width) * np.sin(math.pi * (y + 0.5) / height)
        grey = 24 + arch * (150 + 50 * waves)
    else:
        grey = 128 + 112 * waves
    return np.floor(grey + 0.5).astype(np.uint8)


def matrix(step):
    if "turn" in step:
        turn = step["turn"]
        affine = cv2.getRotationMatrix2D(turn["centre"], turn["angle"], turn["scale"])
    elif "four" in step:
        four = step["four"]
        return cv2.getPerspectiveTransform(*(np.array(four[end], np.float32) for end in ["from", "to"]))
    else:
        affine = np.array(step["affine"], np.float64)
    return np.vstack([affine, [0, 0, 1]])


def forward(case):
    whole = np.eye(3)
    for step in case["steps"]:
        whole = matrix(step) @ whole
    return whole


def displaced(mesh, size):
    """The points p + d(p) of all pixels p, x and y."""
    y, x = np.mgrid[: size[1], : size[0]].astype(np.float64)
    cell, columns = mesh["cell"], mesh["columns"]
    nodes = np.array(mesh["nodes"], np.float64).reshape(-1, columns, 2)
    column = np.minimum(x // cell, columns - 2).astype(int)
    row = np.minimum(y // cell, len(nodes) - 2).astype(int)
    right, down = (x / cell - column)[..., None], (y / cell - row)[..., None]
    upper = nodes[row, column] * (1 - right) + nodes[row, column + 1] * right
    lower = nodes[row + 1, column] * (1 - right) + nodes[row + 1, column + 1] * right
    moved = upper * (1 - down) + lower * down
    return x + moved[..., 0], y + moved[..., 1]


def positions(case):
    """Where each pixel of the result comes from, x and y."""
    size, back = case["result"], np.linalg.inv(forward(case))
    if "mesh" in case:
        x, y = displaced(case["mesh"], size)
    else:
        y, x = np.mgrid[: size[1], : size[0]].astype(np.float64)
    u, v, w = (row[0] * x + row[1] * y + row[2] for row in back)
    return u / w, v / w


def warped(case, grey):
    flat = dict(flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    if "mesh" in case:
        x, y = (axis.astype(np.float32) for axis in positions(case))
        return cv2.remap(grey, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    if any("four" in step for step in case["steps"]):
        return cv2.warpPerspective(grey, forward(case), case["result"], **flat)
    return cv2.warpAffine(grey, forward(case)[:2], case["result"], **flat)


def mesh(size, cell, displacement):
    columns, rows = (-(-(side - 1) // cell) + 1 for side in size)
    at = [(cell * column, cell * row) for row in range(rows) for column in range(columns)]
    nodes = [[round(axis, 3) for axis in displacement(*node)] for node in at]
    return {"cell": cell, "columns": columns, "nodes": nodes}


def wave(x, y):
    return 3 * math.sin(y / 13 + 0.4), 2.5 * math.cos(x / 11 - 0.9)


def cases():
    size, small, tall = [56, 40], [37, 29], [31, 52]

    def case(name, size, steps, result=None, mesh=None):
        bent = {"mesh": mesh} if mesh else {}
        return {"picture": name, "size": size, "result": result or size, "steps": steps, **bent}

    def turn(angle, scale, centre):
        return {"turn": {"angle": angle, "scale": scale, "centre": centre}}

    def affine(*rows):
        return {"affine": rows}

    def four(start, end):
        return {"four": {"from": start, "to": end}}

    def corners(size):
        width, height = (side - 1 for side in size)
        return [[0, 0], [width, 0], [width, height], [0, height]]

    # warpAffine
    yield case("dim", size, [turn(17, 0.8, [27.5, 19.5])])
    yield case("bright", size, [turn(-68.5, 1.3, [20, 24])])
    yield case("dim", tall, [affine([1, 0.21, -3.3], [-0.13, 0.93, 4.7])])
    yield case("bright", small, [turn(150, 0.45, [18, 14]), affine([1, 0, 10.2], [0, 1, 6.6])], size)
    yield case("full", small, [affine([1, 0, 5 / 32], [0, 1, -39 / 32])])
    yield case("full", small, [affine([0, 2, 6.5], [-2, 0, 68.25])])
    # warpPerspective
    yield case("bright", size, [four(corners(size), [[4, -3], [50, 2], [60, 43], [-6, 33]])])
    yield case("dim", size, [four(corners(size), [[9, 6], [46, 1], [52, 37], [2, 30]])])
    yield case("dim", tall, [four(corners(tall), [[28, 3], [24, 49], [5, 44], [1, 8]]), turn(5, 1.1, [15, 25])])
    yield case("full", small, [four(corners(small), [[18, 14], [36, 14], [36, 28], [18, 28]])])
    # remap
    yield case("bright", size, [], mesh=mesh(size, 8, wave))
    yield case("dim", tall, [], mesh=mesh(tall, 5, wave))
    yield case("dim", size, [turn(25, 0.9, [27.5, 19.5])], mesh=mesh(size, 8, wave))
    yield case("bright", small, [four(corners(small), [[1, 2], [33, -2], [38, 30], [-3, 26]])], mesh=mesh(small, 8, wave))
    yield case("full", small, [], mesh=mesh(small, 8, lambda x, y: (((y // 8) % 3) / 4 - 2, ((x // 8) % 2) / 4 + 1.5)))


def noise():
    """The greatest difference of OpenCV from interpolation in f64 on noise, function by function."""
    worst = {}
    for case in cases():
        name = "remap" if "mesh" in case else "warpPerspective" if any("four" in s for s in case["steps"]) else "warpAffine"
        x, y = positions(case)
        for seed in range(200):
            width, height = case["size"]
            grey = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
            framed = np.pad(grey.astype(np.float64), 1)
            left, top = np.floor(x), np.floor(y)
            pixel = lambda right, down: framed[
                np.clip(top + down, -1, height).astype(int) + 1, np.clip(left + right, -1, width).astype(int) + 1
            ]
            across = lambda down: pixel(0, down) + (pixel(1, down) - pixel(0, down)) * (x - left)
            exact = across(0) + (across(1) - across(0)) * (y - top)
            off = np.abs(warped(case, grey) - exact).max()
            worst[name] = max(worst.get(name, 0), off)
    for name, off in worst.items():
        print(f"{name}: {off:.2f}")


def main(to):
    assert cv2.__version__ == "4.10.0", cv2.__version__
    if to == "noise":
        return noise()
    done = [{**case, "pixels": warped(case, picture(case["picture"], case["size"])).tobytes().hex()} for case in cases()]
    lines = [json.dumps(case, separators=(",", ":")) for case in done]
    Path(to).write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
