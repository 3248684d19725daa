"""The rings that polygon fills are compared on: one generator for each kind, from a seeded random.Random."""

import math

SIZES = [(1, 1), (1, 7), (9, 1), (2, 2), (5, 3), (16, 16), (33, 20), (20, 61), (97, 64), (64, 128)]


def point(rng, size, margin):
    """A point in the image or up to `margin` times its size outside."""
    return [rng.randint(math.floor(-margin * side), math.ceil(side * (1 + margin))) for side in size]


def scattered(rng, size, count, margin):
    return [point(rng, size, margin) for _ in range(count)]


def inside(rng, size):
    return [[rng.randrange(size[0]), rng.randrange(size[1])] for _ in range(rng.randint(3, 12))]


def single(rng, size):
    return [point(rng, size, 0.3)]


def pair(rng, size):
    return scattered(rng, size, 2, 0.5)


def triangle(rng, size):
    return scattered(rng, size, 3, 0.3)


def repeated(rng, size):
    ring = []
    for corner in scattered(rng, size, rng.randint(1, 6), 0.2):
        ring += [corner] * rng.randint(1, 3)
    return ring


def collinear(rng, size):
    x, y = point(rng, size, 0.2)
    dx, dy = rng.randint(-5, 5), rng.randint(-5, 5)
    return [[x + k * dx, y + k * dy] for k in (rng.randint(-12, 12) for _ in range(rng.randint(2, 8)))]


def axis_parallel(rng, size):
    ring = [point(rng, size, 0.2)]
    for turn in range(rng.randint(3, 14)):
        corner = list(ring[-1])
        corner[turn % 2] = point(rng, size, 0.2)[turn % 2]
        ring.append(corner)
    return ring


def blob(rng, size):
    """A concave closed curve such as annotators draw."""
    count = rng.randint(5, 63)
    cx, cy = point(rng, size, 0.1)
    waves = [(rng.randint(1, 6), rng.uniform(0, 0.3), rng.uniform(0, 7)) for _ in range(3)]
    radius = rng.uniform(0.1, 0.8) * max(size)
    ring = []
    for k in range(count):
        angle = 2 * math.pi * k / count
        r = radius * (1 + sum(size_ * math.cos(n * angle + phase) for n, size_, phase in waves))
        ring.append([round(cx + r * math.cos(angle)), round(cy + 1.4 * r * math.sin(angle))])
    return ring


def star(rng, size):
    count = rng.choice([5, 7, 9, 11, 25])
    cx, cy = point(rng, size, 0.1)
    radius = rng.uniform(0.2, 0.9) * max(size)
    angles = [2 * math.pi * k * (count // 2) / count for k in range(count)]
    return [[round(cx + radius * math.cos(a)), round(cy + radius * math.sin(a))] for a in angles]


def tangle(rng, size):
    return scattered(rng, size, rng.randint(10, 80), 0.1)


def walk(rng, size):
    """Steps to neighbouring pixels, as a traced border has them."""
    ring = [point(rng, size, 0)]
    for _ in range(rng.randint(3, 80)):
        ring.append([c + rng.randint(-1, 1) for c in ring[-1]])
    return ring


def around(rng, size):
    """Corners mostly outside, sides that pass by the image's corners or along its borders."""
    lines = [[-1, 0, 1, side - 2, side - 1, side, side + 1, -side, 2 * side] for side in size]
    return [[rng.choice(choice) for choice in lines] for _ in range(rng.randint(2, 8))]


def outside(rng, size):
    return scattered(rng, size, rng.randint(2, 9), rng.choice([1, 3, 30]))


def far(rng, size):
    reach = 10 ** rng.randint(3, 5)
    return [
        point(rng, size, 0.2) if rng.random() < 0.4 else [rng.randint(-reach, reach) for _ in size]
        for _ in range(rng.randint(2, 8))
    ]


def wide(rng, size):
    """Columns up to the limits of 32 bits, rows within OpenCV's patience."""
    columns = [-(2**31), 2**31 - 1, -(2**30), 2**30, -(2**24), 2**16, -(2**16) - 1, 0, size[0] - 1]
    return [
        [rng.choice(columns) if rng.random() < 0.5 else rng.randint(-(2**31), 2**31 - 1), point(rng, size, 2)[1]]
        if rng.random() < 0.7
        else point(rng, size, 0.2)
        for _ in range(rng.randint(2, 7))
    ]


def deep(rng, size):
    """Rows down to the limits of 32 bits below the image, where OpenCV does not walk."""
    return [
        [rng.randint(-(2**31), 2**31 - 1), rng.randint(-(10**4), 2**31 - 10**4 - 2)]
        if rng.random() < 0.7
        else point(rng, size, 0.3)
        for _ in range(rng.randint(2, 7))
    ]


KINDS = [
    single, pair, triangle, inside, repeated, collinear, axis_parallel, blob, star, tangle, walk, around, outside,
    far, wide, deep,
]  # fmt: skip


def high(rng, size):
    """Rows up to the limits of 32 bits above the image: OpenCV walks all of them, so only for the fuzzer."""
    top = -(10 ** rng.randint(5, 8))
    return [
        [rng.randint(-(2**31), 2**31 - 1), rng.randint(top, 2**31 - 1 + top)]
        if rng.random() < 0.6
        else point(rng, size, 0.3)
        for _ in range(rng.randint(2, 6))
    ]
