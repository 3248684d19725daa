"""PNG → grey image."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

import hands
from serve import Peer


def read(path):
    return cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)


def usual(inputs, threads):
    """cv2.imread, in as many threads as there may be."""
    paths = hands.images(inputs)
    if threads == 1:
        check = lambda image: [image.sum(dtype=np.int64)]
        return Peer(paths, lambda path: path, read, check)
    pool = ThreadPoolExecutor(threads)
    run = lambda paths: list(pool.map(read, paths))
    check = lambda images: [image.sum(dtype=np.int64) for image in images]
    return Peer([paths], lambda paths: paths, run, check, images=len(paths))
