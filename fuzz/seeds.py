#!/usr/bin/env python3
"""Writes the seeds below this folder that are not files of the repository anyhow. Needs nothing but Python 3."""

import base64
import json
import struct
import zlib
from pathlib import Path

HERE = Path(__file__).parent / "seeds"
BONES = ["finger-1", "finger-19", "Trapezium", "Pisiform", "Radius", "Ulna"]


def seed(target, name, content):
    path = HERE / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def text(string):
    return struct.pack("<Q", len(string)) + string.encode()


def plane(name, dtype, shape, encoding, length):
    return text(name) + struct.pack(f"<BQ{len(shape)}QBQ", dtype, len(shape), *shape, encoding, length)


def head(key, attributes, planes):
    """A record head's payload; the length and the checksum of the content are for the target to fill in."""
    pairs = b"".join(text(name) + text(value) for name, value in attributes.items())
    listed = struct.pack("<Q", len(planes)) + b"".join(planes)
    return text(key) + struct.pack("<Q", len(attributes)) + pairs + listed + bytes(24)


def stored(content):
    """A zstd frame of one raw block."""
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(content)]) + (1 | len(content) << 3).to_bytes(3, "little") + content


def record(planes, content, attributes={"patient": "ID001", "side": "R"}):
    payload = head("ID001/image1_R", attributes, planes)
    return struct.pack("<H", len(payload)) + payload + content


IMAGE = plane("image", 0, [2, 3], 0, 6)
RUNS = plane("masks", 2, [2, 3], 1, 16)
BYTES = bytes(range(6)) + struct.pack("<4I", 2, 1, 6, 0)
seed("record_head", "whole", record([IMAGE, RUNS], stored(BYTES)))
seed("record_head", "bare", record([], stored(b""), {}))
seed("record_head", "wrong-length", record([IMAGE, RUNS], stored(BYTES[:-1])))

for name, size, pairs in [("rows", (4, 3), "2 2 8 2"), ("any-order", (9, 9), "40 2\t1 3\n 4 2"), ("all", (255, 255), "1 65025")]:
    seed("rle_text", name, bytes(size) + pairs.encode())

HEADER = "image_name,class,rle\n"
seed("submission_csv", "plain", HEADER + "".join(f"a.png,{bone},{1 + 9 * n} 5\n" for n, bone in enumerate(BONES)))
seed("submission_csv", "quoted", '\ufeffclass,"rle",image_name,more\r\nUlna,"1 2","a,""b"".png",x\r\n\r\nRadius,,c,\r\n')

OUTLINES = [{"id": "a", "type": "poly_seg", "attributes": {}, "label": bone, "points": [[n, 0], [9.5, -1], [3, 2e3]]} for n, bone in enumerate(BONES)]
seed("outline_json", "layout", json.dumps({"annotations": OUTLINES, "attributes": None, "metadata": {"width": 3060}}))
seed("outline_json", "twice", json.dumps({"annotations": OUTLINES[:1] * 2}))

NEAR = bytes([1, 1, 30, 4, 12, 29, 0, 20, 30, 30])
FAR = struct.pack("<6i", -(2**31), 5, 2**31 - 1, -700, 12, 2**30)
seed("polygon_fill", "near", bytes([40, 33, 0]) + NEAR)
seed("polygon_fill", "star", bytes([200, 180, 0, 100, 0, 160, 170, 5, 60, 190, 60, 40, 170]))
seed("polygon_fill", "far", bytes([40, 33, 1]) + FAR)


def png(width, height, depth, color, rows, extra=b""):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    data = zlib.compress(b"".join(b"\x00" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")


PALETTE = struct.pack(">I", 6) + b"PLTE" + bytes([0, 0, 0, 255, 9, 9])
PALETTE += struct.pack(">I", zlib.crc32(PALETTE[4:]))
seed("image_file", "grey.png", png(3, 2, 8, 0, [b"abc", b"def"]))
seed("image_file", "grey16.png", png(2, 1, 16, 0, [b"\x01\x02\x03\x04"]))
seed("image_file", "bits.png", png(9, 1, 1, 0, [b"\xa5\x80"]))
seed("image_file", "colour.png", png(1, 2, 8, 6, [b"abcd", b"efgh"]))
seed("image_file", "palette.png", png(2, 1, 8, 3, [b"\x00\x01"], PALETTE))
BITMAP = struct.pack("<IiiHHIIiiII", 40, 2, 1, 1, 24, 0, 8, 0, 0, 0, 0) + b"\x01\x02\x03\x04\x05\x06\x00\x00"
seed("image_file", "colour.bmp", b"BM" + struct.pack("<IHHI", 14 + len(BITMAP), 0, 0, 54) + BITMAP)
ENTRIES = [(256, 2), (257, 1), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 1), (279, 2)]
TABLE = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in ENTRIES)
seed("image_file", "grey.tiff", b"II*\x00" + struct.pack("<I", 10) + b"\x07\x09" + struct.pack("<H", len(ENTRIES)) + TABLE + bytes(4))

# 8 × 8 pixels of grey and of colour, written by OpenCV 4.10 (quality 20, optimised tables).
GREY = """
/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71////m8H////6/+b9
//j/wAALCAAIAAgBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABcQAAMBAAAAAAAAAAAAAAAAAAACBGH/2gAIAQEAAD8ABYMP/9k="""
COLOUR = """
/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71////m8H////6/+b9
//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj/wAARCAAIAAgDASIAAhEB
AxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAP/xAAXEAEAAwAAAAAAAAAAAAAAAAAAAgQx/8QAFQEBAQAAAAAAAAAAAAAAAAAAAgP/xAAXEQEAAwAA
AAAAAAAAAAAAAAAAAAACAAMR/9oADAMBAAIRAxEAPwCFWWAE6jsg7Vs//9k="""
for name, text_of in [("grey.jpg", GREY), ("colour.jpg", COLOUR)]:
    seed("image_file", name, base64.b64decode(text_of))
