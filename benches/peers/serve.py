"""One peer, measured round by round: `python serve.py MODULE.PEER INPUTS THREADS`.

The protocol is that of `ossa-bench serve`. On standard output comes one JSON object a line: first, after one item,
`{"extra", "stored", "check", "versions"}`; then, for every line on standard input, `{"seconds", "cpu_seconds"}` of the
items of one round.

A peer is a function of a module beside this one: inputs folder → `Peer`. Only `Peer.run` is timed and weighed;
`Peer.prepare` reads what the work begins with, and `Peer.check` turns the result into numbers that our side must have
too.
"""

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any, Callable, NamedTuple, Sequence

ROUND_SECONDS = 0.25


class Peer(NamedTuple):
    """A piece of work on each of some items."""

    items: Sequence
    prepare: Callable[[Any], Any]
    run: Callable[[Any], Any]
    check: Callable[[Any], list]
    images: int = 1  # in an item
    stored: Callable[[Any], Any] = lambda result: None  # the result's bytes, where these are what it is about


def status(field):
    """A line of /proc/self/status in bytes; 0 where the system has none."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def forget_peak():
    """Lets the peak of resident memory begin anew."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def versions():
    """What is loaded, and of which version."""
    names = ["numpy", "cv2", "pandas", "pycocotools", "scipy", "torch", "segmentation_models_pytorch", "timm"]
    found = {"python": sys.version.split()[0]}
    for name in names:
        if name in sys.modules:
            found[name] = str(getattr(sys.modules[name], "__version__", "?"))
    return found


def say(message):
    print(json.dumps(message), flush=True)


def main(name, folder, threads):
    module, function = name.split(".")
    module = importlib.import_module(module)
    for library, limit in (("cv2", "setNumThreads"), ("torch", "set_num_threads")):
        if library in sys.modules:
            getattr(sys.modules[library], limit)(threads)
    peer = getattr(module, function)(Path(folder), threads)

    prepared = peer.prepare(peer.items[0])
    forget_peak()
    before = status("VmRSS")
    result = peer.run(prepared)
    extra = max(0, status("VmHWM") - before)
    check = [float(number) for number in peer.check(result)]
    say({"extra": extra, "stored": peer.stored(result), "check": check, "versions": versions()})
    del prepared, result

    position = 0
    for _ in sys.stdin:
        seconds, cpu_seconds, spent = [], [], 0.0
        while spent < ROUND_SECONDS:
            prepared = peer.prepare(peer.items[position % len(peer.items)])
            position += 1
            start, cpu_start = time.perf_counter(), time.process_time()
            result = peer.run(prepared)
            elapsed, cpu_elapsed = time.perf_counter() - start, time.process_time() - cpu_start
            spent += elapsed
            seconds.append(elapsed / peer.images)
            cpu_seconds.append(cpu_elapsed / peer.images)
            del prepared, result
        say({"seconds": seconds, "cpu_seconds": cpu_seconds})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
