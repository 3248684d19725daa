"""Makes the golden file of this directory: what OpenCV and albumentations make of drawn values.

Run with Python 3.11 and exactly these versions, then commit the JSON file:

    pip install numpy==2.1.3 opencv-python-headless==4.10.0.84 albumentations==1.4.24
    NO_ALBUMENTATIONS_UPDATE=1 python make.py

The tests of `crates/augment` read it. Sizes are [width, height]; matrices take pixels to where they go.
"""

import json
import random
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

import albumentations
import cv2
import numpy as np
from albumentations.augmentations.blur import functional as blur
from albumentations.augmentations.geometric import functional as geometric

SIZES = [(64, 48), (128, 128)]


def fixed(transform, size, **limits):
    """The matrix of a transform whose ranges have one number each."""
    width, height = size
    drawn = transform(p=1, **limits).get_params_dependent_on_data({"shape": (height, width)}, {})
    return drawn["matrix"].tolist()


def poses():
    for size in SIZES:
        for angle in [0, 12.5, -30, 90, 170]:
            yield {"name": "Rotate", "size": size, "keys": {"limit": [angle] * 2}, "matrix": fixed(albumentations.Rotate, size, limit=(angle, angle))}
        # Shifts of whole pixels: albumentations cuts the others.
        for scale, angle, shift in [(0.2, 30, 0.125), (-0.3, -7, -0.25)]:
            limits = {"scale_limit": (scale,) * 2, "rotate_limit": (angle,) * 2, "shift_limit_x": (shift,) * 2, "shift_limit_y": (-shift,) * 2}
            yield {"name": "ShiftScaleRotate", "size": size, "keys": limits, "matrix": fixed(albumentations.ShiftScaleRotate, size, **limits)}
        affine = {"scale": {"x": 1.2, "y": 0.9}, "rotate": 20.0, "shear": {"x": 10.0, "y": -5.0}, "translate_percent": {"x": 0.125, "y": -0.25}}
        yield {"name": "Affine", "size": size, "keys": affine, "matrix": fixed(albumentations.Affine, size, **affine)}


def rotations():
    """cv2.getRotationMatrix2D about the middle of the plane, between the centres of the first and the last pixel."""
    for width, height in SIZES:
        for angle, scale in [(15, 1.0), (-75, 0.8), (180, 1.3)]:
            matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, scale)
            yield {"size": [width, height], "rotate": angle, "scale": scale, "matrix": matrix.tolist() + [[0, 0, 1]]}


def tilts():
    """cv2.getPerspectiveTransform of four points, from edge to edge of the plane."""
    points = np.array([[[0.1, 0.05], [0.9, 0.12], [0.95, 0.9], [0.02, 0.8]], [[0.3, 0.3], [1.0, 0.0], [0.7, 0.75], [0.0, 1.0]]])
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    for size in SIZES:
        for four in points:
            pixels = [(four * size - 0.5).astype(np.float32), (corners * size - 0.5).astype(np.float32)]
            yield {"size": size, "points": four.tolist(), "matrix": cv2.getPerspectiveTransform(*pixels).tolist()}


def elastic():
    """Standard deviation and correlation one sigma apart of displacements, alpha 1, away from the borders."""
    noise = np.random.default_rng(5)
    for sigma in [1, 3, 6, 10, 20, 30]:
        inside, beside, count = 0.0, 0.0, 0
        for _ in range(8):
            field = noise.uniform(-1, 1, (700, 700)).astype(np.float32)
            smooth = cv2.GaussianBlur(field, (0, 0), sigma)[128:-128, 128:-128].astype(float)
            inside += (smooth**2).sum()
            beside += (smooth[:, sigma:] * smooth[:, :-sigma]).mean() * smooth.size
            count += smooth.size
        yield {"sigma": sigma, "deviation": (inside / count) ** 0.5, "correlation": beside / inside}


def grids():
    chance = random.Random(3)
    for width, height in [(100, 60), (103, 61)]:
        for normalized in [False, True]:
            factors = [[1 + chance.uniform(-0.3, 0.3) for _ in range(6)] for _ in range(2)]
            steps = [list(axis) for axis in factors]
            if normalized:
                scaled = geometric.normalize_grid_distortion_steps((height, width), 5, *steps)
                steps = [scaled["steps_x"].tolist(), scaled["steps_y"].tolist()]
            x, y = geometric.generate_grid((height, width), *steps, 5)
            for axis, side, map_ in [(0, width, x[0]), (1, height, y[:, 0])]:
                yield {"side": side, "normalized": normalized, "factors": factors[axis], "comes_from": np.round(map_.astype(float), 4).tolist()}


def lines():
    for side in [3, 5, 7, 15]:
        for angle in [0, 30, 45, 100.5, 270]:
            kernel = blur.create_motion_kernel(side, angle, 0, allow_shifted=False, random_state=None)
            yield {"side": side, "angle": angle, "weights": (kernel / kernel.sum()).flatten().tolist()}


def sharpening():
    matrix = albumentations.Sharpen._Sharpen__generate_sharpening_matrix
    for alpha, lightness in [(0.2, 0.5), (0.5, 1.0), (1.0, 0.0)]:
        weights = np.asarray(matrix(np.float64(alpha), np.float64(lightness)))
        yield {"alpha": alpha, "lightness": lightness, "weights": weights.flatten().tolist()}


def curves():
    """What becomes of 0 … 255; albumentations rounds down where ours rounds."""
    greys = np.arange(256, dtype=np.uint8).reshape(1, 256)
    for name, limits in [
        ("RandomGamma", {"gamma_limit": (50, 50)}),
        ("RandomGamma", {"gamma_limit": (180, 180)}),
        ("RandomBrightnessContrast", {"brightness_limit": (0.1, 0.1), "contrast_limit": (-0.2, -0.2)}),
        ("RandomBrightnessContrast", {"brightness_limit": (-0.2, -0.2), "contrast_limit": (0.3, 0.3)}),
        ("InvertImg", {}),
        ("MultiplicativeNoise", {"multiplier": (1.25, 1.25)}),
    ]:
        transform = getattr(albumentations, name)(p=1, **limits)
        yield {"name": name, "keys": limits, "values": transform(image=greys)["image"][0].tolist()}


def main():
    golden = {
        "versions": {module.__name__: module.__version__ for module in [np, cv2, albumentations]},
        **{make.__name__: list(make()) for make in [poses, rotations, tilts, elastic, grids, lines, sharpening, curves]},
    }
    text = json.dumps(golden, separators=(",", ":"))
    (Path(__file__).parent / "recipe.json").write_text(text.replace('{"', '\n{"') + "\n")


if __name__ == "__main__":
    main()
