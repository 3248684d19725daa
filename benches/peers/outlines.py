"""Outline JSON → masks of 29 bones."""

import json

import cv2
import numpy as np

import hands
from serve import Peer


def usual(inputs, threads):
    """The loader of the competition's baselines: a mask for each outline, put into an array with the bones last."""

    def run(path):
        with open(path) as file:
            annotations = json.load(file)["annotations"]
        label = np.zeros((hands.SIDE, hands.SIDE, len(hands.BONES)), dtype=np.uint8)
        for annotation in annotations:
            mask = np.zeros((hands.SIDE, hands.SIDE), dtype=np.uint8)
            cv2.fillPoly(mask, [np.array(annotation["points"]).astype(np.int32)], 1)
            label[..., hands.INDEX[annotation["label"]]] = mask
        return label

    check = lambda label: hands.masks_digest(label.transpose(2, 0, 1))
    return Peer(hands.annotations(inputs), lambda path: path, run, check)


def tuned(inputs, threads):
    """Bones first, one array for all images, of which only the former outlines' boxes are cleared, filled in place."""
    label = np.zeros((len(hands.BONES), hands.SIDE, hands.SIDE), dtype=np.uint8)
    boxes = {}

    def run(path):
        for annotation in json.loads(path.read_bytes())["annotations"]:
            bone = hands.INDEX[annotation["label"]]
            if bone in boxes:
                x, y, width, height = boxes[bone]
                label[bone, max(y, 0) : y + height, max(x, 0) : x + width] = 0
            points = np.array(annotation["points"]).astype(np.int32)
            boxes[bone] = cv2.boundingRect(points)
            cv2.fillPoly(label[bone], [points], 1)
        return label

    return Peer(hands.annotations(inputs), lambda path: path, run, hands.masks_digest)
