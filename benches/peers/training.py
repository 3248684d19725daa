"""Training input: files → augmented samples at the network's size, as a baseline's data set class has it."""

import json

import cv2
import numpy as np

import hands
from serve import Peer

NETWORK = 512


def augmented(image, label, random):
    """Flip, turn, scale, shift, brightness and contrast, in the reach of our own defaults, on one warp."""
    angle, scale = random.uniform(-15, 15), random.uniform(0.9, 1.1)
    matrix = cv2.getRotationMatrix2D((NETWORK / 2, NETWORK / 2), angle, scale)
    matrix[:, 2] += random.uniform(-0.05, 0.05, 2) * NETWORK
    if random.random() < 0.5:
        image, label = image[:, ::-1], label[:, ::-1]
    size = (NETWORK, NETWORK)
    image = cv2.warpAffine(np.ascontiguousarray(image), matrix, size, flags=cv2.INTER_LINEAR)
    label = np.ascontiguousarray(label)
    # OpenCV warps four channels at a time.
    parts = [cv2.warpAffine(label[..., i : i + 4], matrix, size, flags=cv2.INTER_NEAREST) for i in range(0, 29, 4)]
    label = np.concatenate([part.reshape(NETWORK, NETWORK, -1) for part in parts], axis=2)
    contrast, brightness = random.uniform(0.85, 1.15), random.uniform(-0.1, 0.1)
    image = np.clip((image - 0.5) * contrast + 0.5 + brightness, 0, 1)
    return image, label


def sample(image_path, label_path, random):
    image = cv2.imread(str(image_path)) / 255.0
    with open(label_path) as file:
        annotations = json.load(file)["annotations"]
    label = np.zeros((hands.SIDE, hands.SIDE, len(hands.BONES)), dtype=np.uint8)
    for annotation in annotations:
        mask = np.zeros((hands.SIDE, hands.SIDE), dtype=np.uint8)
        cv2.fillPoly(mask, [np.array(annotation["points"]).astype(np.int32)], 1)
        label[..., hands.INDEX[annotation["label"]]] = mask
    image = cv2.resize(image.astype(np.float32), (NETWORK, NETWORK))
    label = cv2.resize(label, (NETWORK, NETWORK), interpolation=cv2.INTER_NEAREST)
    image, label = augmented(image, label, random)
    return image.transpose(2, 0, 1).astype(np.float32), label.transpose(2, 0, 1).astype(np.float32)


def usual(inputs, threads):
    """One process, a sample after the other."""
    random = np.random.default_rng(1)
    files = list(zip(hands.images(inputs), hands.annotations(inputs)))
    return Peer(files, lambda files: files, lambda files: sample(*files, random), lambda _: [])


def tuned(inputs, threads):
    """Grey images and labels at the network's size are made once and kept as NumPy files; only the rest is done."""
    random = np.random.default_rng(1)
    folder = inputs / "training-arrays"
    folder.mkdir(exist_ok=True)
    files = []
    for number, (image_path, label_path) in enumerate(zip(hands.images(inputs), hands.annotations(inputs))):
        files.append(folder / f"{number}.npz")
        if not files[-1].exists():
            image = cv2.imread(str(image_path), cv2.IMREAD_GRAYSCALE)
            image = cv2.resize(image, (NETWORK, NETWORK))
            planes = [
                cv2.resize(mask, (NETWORK, NETWORK), interpolation=cv2.INTER_NEAREST)
                for mask in hands.masks(label_path)
            ]
            np.savez(files[-1], image=image, label=np.packbits(np.stack(planes, axis=-1), axis=-1))

    def run(path):
        stored = np.load(path)
        image = stored["image"].astype(np.float32) / 255.0
        label = np.unpackbits(stored["label"], axis=-1, count=len(hands.BONES))
        image, label = augmented(image, label, random)
        return image[None], label.transpose(2, 0, 1).astype(np.float32)

    return Peer(files, lambda path: path, run, lambda _: [])
