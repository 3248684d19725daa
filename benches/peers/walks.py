"""What programs do with masks: 29 planes a radiograph, plane by plane where the library knows one plane only."""

import cv2
import numpy as np
from scipy import ndimage

import hands
import votes
from serve import Peer

WINDOW = (500, 700, 1024, 1024)  # left, top, width, height
NETWORK = 512
TOLERANCE = 2.0


def one(inputs, run, check=hands.masks_digest):
    """Work on the masks of one radiograph."""
    return Peer(hands.annotations(inputs), hands.masks, run, check)


def two(inputs, run, check):
    """Work on the true masks and on those of the first submission."""
    texts = votes.column(votes.submissions(inputs)[0])
    paths = hands.annotations(inputs)

    def prepare(image):
        rows = slice(image * len(hands.BONES), (image + 1) * len(hands.BONES))
        return hands.masks(paths[image]), np.stack([hands.unrle(text) for text in texts[rows]])

    return Peer(range(len(paths)), prepare, lambda pair: run(*pair), check)


def flip_usual(inputs, threads):
    """A copy, as torch.from_numpy needs one."""
    return one(inputs, lambda masks: masks[:, :, ::-1].copy())


def flip_tuned(inputs, threads):
    return one(inputs, lambda masks: np.stack([cv2.flip(mask, 1) for mask in masks]))


def crop_and_paste(masks):
    left, top, width, height = WINDOW
    cropped = masks[:, top : top + height, left : left + width].copy()
    result = np.zeros_like(masks)
    result[:, top : top + height, left : left + width] = cropped
    return result


def crop_usual(inputs, threads):
    return one(inputs, crop_and_paste)


def shrink(masks):
    return np.stack([cv2.resize(mask, (NETWORK, NETWORK), interpolation=cv2.INTER_NEAREST) for mask in masks])


def shrink_usual(inputs, threads):
    return one(inputs, shrink)


def contours(masks):
    return [cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0] for mask in masks]


def trace_usual(inputs, threads):
    check = lambda found: [len(contours) for contours in found]
    return one(inputs, contours, check)


def boxed(mask):
    """The part of a mask that isn't empty."""
    x, y, width, height = cv2.boundingRect(mask)
    return mask[y : y + height, x : x + width]


def trace_tuned(inputs, threads):
    check = lambda found: [len(contours) for contours in found]
    return one(inputs, lambda masks: contours(map(boxed, masks)), check)


def largest(mask):
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return mask
    return (labels == 1 + np.argmax(statistics[1:, cv2.CC_STAT_AREA])).astype(np.uint8)


def predicted(inputs, run):
    """Work on the masks of the first submission."""
    return two(inputs, lambda _, masks: np.stack([run(mask) for mask in masks]), hands.masks_digest)


def in_box(run):
    """`run` on the part of a mask that isn't empty."""

    def boxed(mask):
        x, y, width, height = cv2.boundingRect(mask)
        result = np.zeros_like(mask)
        inside = (slice(y, y + height), slice(x, x + width))
        if width:
            result[inside] = run(np.ascontiguousarray(mask[inside]))
        return result

    return boxed


def largest_usual(inputs, threads):
    return predicted(inputs, largest)


def largest_tuned(inputs, threads):
    return predicted(inputs, in_box(largest))


def fill_holes(mask):
    return ndimage.binary_fill_holes(mask).astype(np.uint8)


def flood_holes(mask):
    """What a flood from outside does not reach."""
    ground = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(ground, None, (0, 0), 2)
    return (ground[1:-1, 1:-1] != 2).astype(np.uint8)


def holes_usual(inputs, threads):
    return predicted(inputs, fill_holes)


def holes_tuned(inputs, threads):
    return predicted(inputs, in_box(flood_holes))


def dice_usual(inputs, threads):
    """The competition's function, bone by bone."""

    def dice(a, b):
        a, b = a.flatten(), b.flatten()
        return (2.0 * np.sum(a * b) + 1e-4) / (np.sum(a) + np.sum(b) + 1e-4)

    return two(inputs, lambda a, b: [dice(x, y) for x, y in zip(a, b)], list)


def dice_tuned(inputs, threads):
    def dice(a, b):
        both = cv2.countNonZero(cv2.bitwise_and(a, b))
        return (2.0 * both + 1e-4) / (cv2.countNonZero(a) + cv2.countNonZero(b) + 1e-4)

    return two(inputs, lambda a, b: [dice(x, y) for x, y in zip(a, b)], list)


def surface(a, b):
    """HD95 and NSD as MedPy and MONAI compute them."""
    edges = [mask ^ ndimage.binary_erosion(mask) for mask in (a > 0, b > 0)]
    there, back = [ndimage.distance_transform_edt(~edge) for edge in edges]
    distances = np.concatenate([back[edges[0]], there[edges[1]]])
    return np.percentile(distances, 95), np.mean(distances <= TOLERANCE)


def surfaces(a, b):
    return [surface(x, y) for x, y in zip(a, b)]


def flat(pairs):
    return [number for pair in pairs for number in pair]


def surface_usual(inputs, threads):
    return two(inputs, surfaces, flat)


def surface_tuned(inputs, threads):
    """In the box around both masks, with OpenCV's erosion and SciPy's exact distances."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))

    def run(a, b):
        x, y, width, height = cv2.boundingRect(a | b)
        frame = lambda mask: cv2.copyMakeBorder(
            mask[y : y + height, x : x + width], 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0
        )
        edges = [(mask ^ cv2.erode(mask, cross)).astype(bool) for mask in map(frame, (a, b))]
        there, back = [ndimage.distance_transform_edt(~edge) for edge in edges]
        distances = np.concatenate([back[edges[0]], there[edges[1]]])
        return np.percentile(distances, 95), np.mean(distances <= TOLERANCE)

    return two(inputs, lambda a, b: [run(x, y) for x, y in zip(a, b)], flat)


def areas_usual(inputs, threads):
    return one(inputs, lambda masks: masks.sum(axis=(1, 2)), list)


def areas_tuned(inputs, threads):
    return one(inputs, lambda masks: [cv2.countNonZero(mask) for mask in masks], list)


def shared_usual(inputs, threads):
    """Each pair of masks, multiplied and summed."""

    def run(masks):
        return [np.sum(a & b) for a in masks for b in masks]

    return one(inputs, run, list)


def shared_tuned(inputs, threads):
    """A product of matrices of the pixels that any two bones have."""

    def run(masks):
        planes = masks.reshape(len(masks), -1)
        covered = planes[:, planes.any(axis=0)].astype(np.float32)
        # Counts are below 2**24, and so exact.
        return (covered @ covered.T).ravel()

    return one(inputs, run, list)
