"""Makes the golden files of this directory: what NumPy, SciPy, OpenCV and PyTorch say about small masks.

Run with Python 3.11 and exactly these versions, then commit the JSON files:

    pip install numpy==2.2.6 scipy==1.16.2 opencv-python-headless==4.10.0.84 torch==2.13.0
    python make.py

`crates/bones/tests` reads them. `rows` are rows of 29-bit numbers, bit i being bone i; other masks are run-length texts.
"""

import json
from pathlib import Path

import cv2
import numpy as np
import scipy
import scipy.ndimage as ndimage
import torch

BONES = 29
HERE = Path(__file__).parent
VERSIONS = {
    "numpy": np.__version__,
    "scipy": scipy.__version__,
    "opencv": cv2.__version__,
    "torch": torch.__version__.split("+")[0],
}


def write(name, cases):
    text = json.dumps({"versions": VERSIONS, "cases": cases}, separators=(",", ":"))
    (HERE / name).write_text(text.replace('{"', '\n{"') + "\n")


def blobs(random, height, width, count=3):
    """A mask of one bone: discs, some cut out again, and a little noise."""
    y, x = np.mgrid[:height, :width]
    mask = np.zeros((height, width), bool)
    for index in range(count):
        cx, cy = random.integers(0, width), random.integers(0, height)
        radius = random.integers(2, max(3, min(width, height) // 3))
        mask ^= (x - cx) ** 2 + (y - cy) ** 2 <= radius**2
    return mask ^ (random.random(mask.shape) < 0.01)


def rows(masks):
    """29 boolean masks as one plane of bits."""
    return np.sum([m.astype(np.uint32) << i for i, m in enumerate(masks)], axis=0, dtype=np.uint32).tolist()


def rle_encode(mask):
    """The run encoder of the Kaggle forums, as baselines use it."""
    pixels = np.concatenate([[0], mask.flatten(), [0]])
    runs = np.where(pixels[1:] != pixels[:-1])[0] + 1
    runs[1::2] -= runs[::2]
    return " ".join(str(x) for x in runs)


def make_rle():
    random = np.random.default_rng(1)
    cases = []
    for height, width in [(1, 1), (1, 9), (9, 1), (24, 31)]:
        masks = [blobs(random, height, width) for _ in range(BONES)]
        masks[3][:] = False
        masks[4][:] = True
        cases.append({"rows": rows(masks), "rle": [rle_encode(mask) for mask in masks]})
    write("rle.json", cases)


def edge(mask):
    """Surface pixels: MedPy's and MONAI's `mask ^ binary_erosion(mask)`."""
    return mask ^ ndimage.binary_erosion(mask, structure=ndimage.generate_binary_structure(2, 1), iterations=1)


def distances(a, b):
    """`medpy.metric.binary.__surface_distances`."""
    return ndimage.distance_transform_edt(~edge(b))[edge(a)]


def make_surface():
    random = np.random.default_rng(2)
    cases = []
    for height, width in [(12, 12), (30, 41), (41, 30), (50, 60), (20, 100)]:
        a = blobs(random, height, width)
        for b in [np.roll(a, 2, axis=1) ^ (random.random(a.shape) < 0.01), blobs(random, height, width), a]:
            both = np.hstack((distances(a, b), distances(b, a)))
            tolerance = 2.0
            cases.append(
                {
                    "height": height,
                    "width": width,
                    "a": rle_encode(a),
                    "b": rle_encode(b),
                    "hd95": float(np.percentile(both, 95)),  # medpy.metric.binary.hd95
                    "nsd": float((both <= tolerance).mean()),  # monai compute_surface_dice, pixels counted
                    "dice": float((2 * (a & b).sum() + 1e-4) / (a.sum() + b.sum() + 1e-4)),
                }
            )
    write("surface.json", cases)


def make_components():
    random = np.random.default_rng(3)
    cases = []
    for height, width, share in [(10, 10, 0.5), (30, 41, 0.45), (41, 30, 0.62), (40, 40, 0.3)]:
        mask = random.random((height, width)) < share
        areas = []
        for structure in [ndimage.generate_binary_structure(2, 1), np.ones((3, 3))]:
            labels, _ = ndimage.label(mask, structure)
            areas.append(np.bincount(labels.ravel())[1:].tolist())
        cases.append(
            {
                "height": height,
                "width": width,
                "mask": rle_encode(mask),
                "areas_four": areas[0],
                "areas_eight": areas[1],
                "filled": rle_encode(ndimage.binary_fill_holes(mask)),
            }
        )
    write("components.json", cases)


def make_nearest():
    """Which source pixel cv2.resize takes; the first pairs are ones where floating point misses i·source//target."""
    pairs = [(2, 196), (2, 214), (6, 34), (8, 196), (14, 170), (49, 49), (1, 5), (5, 1), (7, 3), (3, 7)]
    pairs += [(100, 37), (37, 100), (300, 299), (299, 300), (2048, 97), (97, 500), (744, 512), (1023, 511)]
    cases = []
    for source, target in pairs:
        ramp = np.arange(source, dtype=np.float32)
        across = cv2.resize(ramp[None], (target, 1), interpolation=cv2.INTER_NEAREST)[0]
        down = cv2.resize(ramp[:, None], (1, target), interpolation=cv2.INTER_NEAREST)[:, 0]
        assert (across == down).all()
        cases.append({"source": source, "target": target, "taken": across.astype(int).tolist()})
    write("nearest.json", cases)


def make_percentile():
    random = np.random.default_rng(4)
    cases = []
    for count in [1, 2, 3, 10, 101]:
        values = random.random(count)
        shares = [0, 0.025, 0.5, 0.95, 0.975, 1]
        cases.append({"values": values.tolist(), "shares": shares, "found": np.quantile(values, shares).tolist()})
    write("percentile.json", cases)


def logits(model, height, width, scale):
    """Discs, one for each bone, and noise; whole numbers times a power of two, times `scale` in single precision."""
    bone, y, x = np.mgrid[:BONES, :height, :width]
    cx, cy = (7 * bone + 3 * model) % width, (5 * bone + model) % height
    noise = (x * 7919 + y * 104729 + bone * 1299709 + model * 15485863) % 257 - 128
    disc = 16 * (9 - (x - cx) ** 2 - (y - cy) ** 2)
    whole = np.clip(disc, -160, 160) + noise // 8
    return whole.astype(np.float32) / np.float32(32) * np.float32(scale)


def make_scores():
    """PyTorch's interpolate, sigmoid, weighted mean and threshold."""
    uniform = [0.5] * BONES
    ramp = [round(0.05 + 0.03 * bone, 2) for bone in range(BONES)]
    cases = []
    for models, target, thresholds in [
        ([(8, 8, 1.0, 1.0)], (32, 32), uniform),
        ([(8, 8, 0.1, 1.0)], (32, 32), ramp),
        ([(11, 7, 1.0, 2.0)], (25, 40), ramp),
        ([(16, 16, 0.3, 1.0)], (16, 16), ramp),
        ([(31, 29, 1.0, 1.0)], (13, 17), uniform),
        ([(12, 12, 1.0, 1.0), (12, 12, 1.0, 1.0), (12, 12, 1.0, 1.0)], (37, 37), uniform),
        ([(12, 10, 0.3, 0.5), (9, 14, 1.0, 1.5), (20, 20, 0.7, 0.0), (6, 6, 1.0, 1.0)], (33, 29), ramp),
    ]:
        total = torch.zeros(1, BONES, *target)
        for number, (height, width, scale, weight) in enumerate(models):
            tensor = torch.from_numpy(logits(number, height, width, scale))[None]
            upsampled = torch.nn.functional.interpolate(tensor, target, mode="bilinear", align_corners=False)
            total += weight * upsampled.sigmoid()
        mean = total / sum(weight for *_, weight in models)
        masks = (mean[0] > torch.tensor(thresholds)[:, None, None]).numpy()
        cases.append(
            {
                "models": [dict(zip(["height", "width", "scale", "weight"], model)) for model in models],
                "height": target[0],
                "width": target[1],
                "thresholds": thresholds,
                "rle": [rle_encode(mask) for mask in masks],
            }
        )
    write("scores.json", cases)


if __name__ == "__main__":
    make_rle()
    make_surface()
    make_components()
    make_nearest()
    make_percentile()
    make_scores()
