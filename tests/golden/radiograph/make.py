"""Writes image files of many kinds, and beside each what OpenCV reads of it in grey (NAME.pgm).

    apt-get install libjpeg-turbo-progs   # 2.1.5: cjpeg
    pip install opencv-python-headless==4.10.0.84 numpy==2.4.6 Pillow==13.0.0 tifffile==2026.3.3 \
        imagecodecs==2026.3.6
    python tests/golden/radiograph/make.py

`crates/radiograph/tests/golden.rs` reads every file. One without a `.pgm` is refused by name, whatever OpenCV does.
"""

import io
import itertools
import pathlib
import subprocess
import tempfile

import cv2
import numpy as np
import tifffile
from PIL import Image

HERE = pathlib.Path(__file__).parent
WIDTH, HEIGHT = 35, 27
REFUSED = {"arithmetic.jpg", "palette.tif", "lab.tif", "float.tif", "tiles-of-planes.tif", "zstd.tif"}


def pictures():
    """Grey and colour: waves, a disc, and noise, none of it clipped."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    disc = np.hypot(x - WIDTH / 2, y - HEIGHT / 2) < HEIGHT / 3
    grey = 120 + 50 * np.sin(x / 7 + y / 13) * np.cos(y / 5 - x / 17) + 20 * disc
    colour = np.stack([grey, 128 + 40 * np.cos(x / 9 - y / 21), 128 + 40 * np.sin(x / 23 + y / 8)], -1)
    noisy = [image + rng.normal(0, 3, image.shape) for image in (grey, colour)]
    return [np.clip(image, 0, 255).astype(np.uint8) for image in noisy]


def cjpeg(image, *options, scans=None):
    """The image as a JPEG file; `scans` lists the components of each, which are not interleaved then."""
    kind = b"P6" if image.ndim == 3 else b"P5"
    head = b"%s\n%d %d\n255\n" % (kind, WIDTH, HEIGHT)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as script:
        if scans:
            script.write(scans)
            script.flush()
            options += ("-scans", script.name)
        run = subprocess.run(["cjpeg", *options], input=head + image.tobytes(), capture_output=True, check=True)
    return run.stdout


def pillow(image, **options):
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


def jpegs(grey, colour):
    separate = "0;\n1;\n2;\n"
    progressive = "".join(f"{c}: 0-0, 0, 0;\n" for c in range(3)) + "".join(f"{c}: 1-63, 0, 0;\n" for c in range(3))
    for sampling in ["1x1", "2x1", "1x2", "2x2", "4x1", "3x1"]:
        yield f"baseline-{sampling}", cjpeg(colour, "-sample", sampling)
    for sampling in ["2x1", "1x2", "2x2"]:
        yield f"progressive-{sampling}", cjpeg(colour, "-sample", sampling, "-progressive")
        yield f"separate-{sampling}", cjpeg(colour, "-sample", sampling, scans=separate)
        yield f"separate-progressive-{sampling}", cjpeg(colour, "-sample", sampling, scans=progressive)
    yield "restarts", cjpeg(colour, "-sample", "2x2", "-restart", "2B")
    yield "separate-restarts", cjpeg(colour, "-sample", "2x2", "-restart", "1", scans=separate)
    yield "grey", cjpeg(grey)
    yield "grey-progressive", cjpeg(grey, "-progressive")
    yield "rgb", cjpeg(colour, "-rgb")
    yield "cmyk", pillow(Image.fromarray(np.dstack([colour, grey]), "CMYK"))
    for orientation in [3, 6, 7]:
        exif = Image.Exif()
        exif[0x112] = orientation
        yield f"turned-{orientation}", pillow(Image.fromarray(colour), exif=exif, progressive=orientation == 6)
    baseline = cjpeg(colour, "-sample", "2x2")
    tables = baseline.index(b"\xff\xc4")
    yield "stray-bytes", baseline[:tables] + b"\x00\x12\x34" + baseline[tables:]
    yield "trailing-bytes", baseline + b"hello"
    yield "arithmetic", cjpeg(colour, "-arithmetic")


def tiffs(grey, colour):
    def tiff(image, **options):
        file = io.BytesIO()
        tifffile.imwrite(file, image, metadata=None, **options)
        return file.getvalue()

    planes = np.ascontiguousarray(np.moveaxis(colour, -1, 0))
    yield "rgb", tiff(colour, photometric="rgb", compression="lzw", predictor=True)
    yield "bigtiff", tiff(grey, bigtiff=True, compression="deflate")
    yield "big-endian", tiff(grey, byteorder=">", compression="packbits")
    yield "grey-alpha", tiff(np.dstack([grey, grey // 2]), photometric="minisblack", extrasamples=["assocalpha"])
    yield "white-is-zero", tiff(grey, photometric="miniswhite")
    yield "tiles", tiff(grey, tile=(16, 16))
    yield "planes", tiff(planes, photometric="rgb", planarconfig="separate")
    yield "tiles-of-planes", tiff(planes, photometric="rgb", planarconfig="separate", tile=(16, 16), compression="lzw")
    yield "jpeg-strips", tiff(grey, compression="jpeg", rowsperstrip=16)
    yield "cmyk", tiff(np.dstack([colour, grey]), photometric="separated")
    yield "turned", tiff(grey, extratags=[(274, 3, 1, 6, True)])
    yield "palette", tiff(grey, photometric="palette", colormap=np.arange(768, dtype=np.uint16).reshape(3, 256))
    yield "lab", tiff(colour, photometric="cielab")
    yield "float", tiff(grey.astype(np.float32))
    yield "zstd", tiff(grey, compression="zstd")
    bits = io.BytesIO()
    Image.fromarray(grey > 128).save(bits, "TIFF", compression="group4")
    yield "bits", bits.getvalue()


def main():
    for old in itertools.chain(HERE.glob("*.jpg*"), HERE.glob("*.tif*")):
        old.unlink()
    grey, colour = pictures()
    files = [(f"{name}.jpg", file) for name, file in jpegs(grey, colour)]
    files += [(f"{name}.tif", file) for name, file in tiffs(grey, colour)]
    for name, file in files:
        (HERE / name).write_bytes(file)
        if name not in REFUSED:
            read = cv2.imread(str(HERE / name), cv2.IMREAD_GRAYSCALE)
            cv2.imwrite(str(HERE / f"{name}.pgm"), read)


if __name__ == "__main__":
    main()
