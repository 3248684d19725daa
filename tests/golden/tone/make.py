"""Writes what OpenCV 4.10 makes of 8-bit grey pictures by CLAHE, blurs, small kernels and look-up tables, for
`crates/pixels/tests/clahe_golden.rs` (clahe.json) and `crates/augment/tests/tone_golden.rs` (the others).

    pip install opencv-python-headless==4.10.0.84 numpy==2.1.3 xxhash==3.5.0
    python tests/golden/tone/make.py tests/golden/tone

A case is [picture, width, height, what is done …, the result]. The result is the xxh3-128 of its pixels; for kernels
(filter.json) it is the pixels themselves in hexadecimal digits, since OpenCV's sums of floats depend on the processor.
Pictures, by the pixel's number i = y·width + x:

    noise   the high byte of the 32-bit product of i + 1 and 2654435761
    smooth  rises and falls between 0 and 255: t = (2·x + 3·y) mod 510, or 510 - t where that is less
    dark    a quarter of smooth plus a sixteenth of noise, each rounded down
"""

import json
import pathlib
import random
import sys

import cv2
import numpy as np
import xxhash

SIZES = [(64, 48), (61, 47), (64, 47), (61, 48), (37, 90), (17, 9), (5, 3), (1, 1), (1, 20), (20, 1), (2, 2), (130, 131)]


def noise(width, height):
    index = np.arange(1, width * height + 1, dtype=np.uint64)
    return ((index * 2654435761 % 2**32) >> 24).astype(np.uint8).reshape(height, width)


def smooth(width, height):
    y, x = np.mgrid[:height, :width]
    t = (2 * x + 3 * y) % 510
    return np.minimum(t, 510 - t).astype(np.uint8)


def dark(width, height):
    return smooth(width, height) // 4 + noise(width, height) // 16


PICTURES = {"noise": noise, "smooth": smooth, "dark": dark}


def digest(pixels):
    return xxhash.xxh3_128_hexdigest(np.ascontiguousarray(pixels).tobytes())


def pictures(sizes):
    return ((name, size, picture(*size)) for size in sizes for name, picture in PICTURES.items())


def clahe(rng):
    grids = [(8, 8), (4, 4), (3, 5), (1, 1), (2, 7), (16, 9)]
    for name, size, picture in pictures(SIZES):
        for grid in [(8, 8), rng.choice(grids[1:])]:
            for limit in [0, 2, 4, 40]:
                yield [name, *size, limit, *grid, digest(cv2.createCLAHE(limit, grid).apply(picture))]
    for name, size, picture in pictures([(512, 512), (500, 301)]):
        for limit, grid in [(2, (8, 8)), (4, (8, 8)), (1.7, (6, 10))]:
            yield [name, *size, limit, *grid, digest(cv2.createCLAHE(limit, grid).apply(picture))]


def gauss(rng):
    for name, size, picture in pictures(SIZES):
        for side in [1, 3, 5, 7, 9, 11, 21]:
            for sigma in [0, rng.choice([0.3, 0.5, 0.8, 1, 1.3, 2, 3.7]), round(rng.uniform(0.2, 6), 3)]:
                yield [name, *size, side, sigma, digest(cv2.GaussianBlur(picture, (side, side), sigma))]


def median(rng):
    for name, size, picture in pictures(SIZES):
        for side in [1, 3, 5, 7]:
            yield [name, *size, side, digest(cv2.medianBlur(picture, side))]


def kernels():
    identity, edges = np.zeros((3, 3)), np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])
    identity[1, 1] = 1
    yield "sharpen", identity + 0.35 * edges
    yield "sharpen", np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])
    for side, (start, end) in [(3, ((0, 0), (2, 2))), (5, ((0, 1), (4, 3))), (7, ((0, 3), (6, 3))), (7, ((1, 6), (5, 0)))]:
        line = np.zeros((side, side), np.uint8)
        cv2.line(line, start, end, 1)
        yield "motion", line / line.sum()


def filters(rng):
    for what, kernel in kernels():
        kernel = kernel.astype(np.float32)
        for name, size, picture in pictures([(45, 31), (3, 2)]):
            weights = [float(weight) for weight in kernel.ravel()]
            yield [name, *size, what, weights, cv2.filter2D(picture, -1, kernel).tobytes().hex()]


def table(rng):
    for name, size, picture in pictures([(64, 48), (1, 1)]):
        values = np.array([rng.randrange(256) for _ in range(256)], np.uint8)
        yield [name, *size, values.tobytes().hex(), digest(cv2.LUT(picture, values))]


def main(folder):
    assert cv2.__version__ == "4.10.0", cv2.__version__
    files = {"clahe": clahe, "gauss": gauss, "median": median, "filter": filters, "table": table}
    for number, (name, cases) in enumerate(files.items()):
        lines = [json.dumps(case, separators=(",", ":")) for case in cases(random.Random(number))]
        pathlib.Path(folder, f"{name}.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
