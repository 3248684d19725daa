"""Training input: files → augmented samples at the network's size, as a baseline's data set class has it.

All forms deliver what our side does: images `[1, 512, 512]` and targets `[29, 512, 512]` of single precision.
"""

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
    image = cv2.imread(str(image_path), cv2.IMREAD_GRAYSCALE) / 255.0
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
    return image[None].astype(np.float32), label.transpose(2, 0, 1).astype(np.float32)


def usual(inputs, threads):
    """One process, a sample after the other."""
    random = np.random.default_rng(1)
    files = list(zip(hands.images(inputs), hands.annotations(inputs)))
    return Peer(files, lambda files: files, lambda files: sample(*files, random), lambda _: [])


def stored(inputs):
    """Grey images and labels at the network's size, made once and kept as NumPy files."""
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
    return files


def of_stored(image, label, random):
    """A sample of what a file holds."""
    image = image.astype(np.float32) / 255.0
    label = np.unpackbits(label, axis=-1, count=len(hands.BONES))
    image, label = augmented(image, label, random)
    return image[None].astype(np.float32), np.ascontiguousarray(label.transpose(2, 0, 1), dtype=np.float32)


class Stored:
    """A data set of PyTorch's over the files, which each worker reads for itself; each file comes several times, so that an
    epoch is long enough."""

    def __init__(self, files, repeats):
        self.files, self.repeats = files, repeats

    def __len__(self):
        return len(self.files) * self.repeats

    def __getitem__(self, index):
        file = np.load(self.files[index % len(self.files)])
        return of_stored(file["image"], file["label"], np.random.default_rng(index))


def alone(_):
    """A worker has one thread."""
    cv2.setNumThreads(1)


def tuned(inputs, threads):
    """PyTorch's loader over the stored files, with as many workers as our side has threads, which stay from epoch to epoch;
    an item is an epoch in batches of 8."""
    from torch.utils.data import DataLoader

    files = stored(inputs)
    data = Stored(files, -(-64 // len(files)))
    loader = DataLoader(
        data, batch_size=8, num_workers=threads, worker_init_fn=alone, persistent_workers=True, prefetch_factor=2
    )

    def run(loader):
        return sum(images.numel() + targets.numel() for images, targets in loader)

    return Peer([loader], lambda loader: loader, run, lambda _: [], len(data))


def in_memory(inputs, threads):
    """A sample of what is in memory, on one core: the warp of image and labels, contrast and brightness."""
    random = np.random.default_rng(1)
    held = []
    for path in stored(inputs):
        file = np.load(path)
        held.append((file["image"], file["label"]))
    return Peer(held, lambda held: held, lambda held: of_stored(*held, random), lambda _: [])


def noise(random, sigma):
    """Smoothed noise, as elastic transforms use it."""
    return cv2.GaussianBlur(random.uniform(-1, 1, (NETWORK, NETWORK)).astype(np.float32), (0, 0), sigma)


def in_memory_field(inputs, threads):
    """The same with what our recipe `field` may draw, as often: OpenCV's functions one after the other, as libraries of
    augmentation chain them; masks of 29 bones go with the image where it moves."""
    random = np.random.default_rng(1)
    held = []
    for path in stored(inputs):
        file = np.load(path)
        held.append((file["image"], file["label"]))
    size = (NETWORK, NETWORK)
    across, down = np.meshgrid(np.arange(NETWORK, dtype=np.float32), np.arange(NETWORK, dtype=np.float32))

    def moved(image, label, warp):
        parts = [warp(label[..., i : i + 4], cv2.INTER_NEAREST) for i in range(0, 29, 4)]
        return warp(image, cv2.INTER_LINEAR), np.concatenate([p.reshape(NETWORK, NETWORK, -1) for p in parts], axis=2)

    def run(held):
        image, label = held[0], np.unpackbits(held[1], axis=-1, count=len(hands.BONES))
        if random.random() < 0.5:
            image, label = np.ascontiguousarray(image[:, ::-1]), np.ascontiguousarray(label[:, ::-1])
        if random.random() < 0.8:
            matrix = cv2.getRotationMatrix2D((255.5, 255.5), random.uniform(-20, 20), random.uniform(0.9, 1.1))
            matrix[:, 2] += random.uniform(-0.05, 0.05, 2) * NETWORK
            image, label = moved(image, label, lambda part, how: cv2.warpAffine(part, matrix, size, flags=how))
        if random.random() < 0.3:
            right, low = (across + 750 * noise(random, 30), down + 750 * noise(random, 30))
            image, label = moved(image, label, lambda part, how: cv2.remap(part, right, low, how))
        if random.random() < 0.5:
            which = random.random()
            if which < 0.8:
                curve = (np.arange(256) / 255.0) ** random.uniform(0.75, 1.33) * 255
                image = cv2.LUT(image, curve.round().astype(np.uint8))
            else:
                image = cv2.createCLAHE(random.uniform(1, 2), (8, 8)).apply(image)
        if random.random() < 0.2:
            if random.random() < 0.6:
                image = cv2.GaussianBlur(image, (5, 5), 0)
            else:
                grain = random.normal(0, random.uniform(2, 6), image.shape)
                image = np.clip(image + grain, 0, 255).astype(np.uint8)
        return image, label

    return Peer(held, lambda held: held, run, lambda _: [])
