"""Writes small state dicts as torch.save does, now and before 1.6, into torch/: what `zoo::weights` must read, and not.

Made with torch 2.13.0: `python torch_files.py`.
"""

import argparse
import collections
from pathlib import Path

import torch

FOLDER = Path(__file__).parent / "torch"


def state():
    """Every kind of storage, a tensor that shares one, a transposed one, one without elements."""
    whole = torch.arange(12, dtype=torch.float32).reshape(3, 4) / 8
    return collections.OrderedDict(
        whole=whole,
        part=whole[1:, 2:],
        turned=whole.t(),
        parameter=torch.nn.Parameter(torch.tensor([1.5, -2.0])),
        count=torch.tensor(7),
        half=torch.tensor([0.5, 2.0], dtype=torch.float16),
        brain=torch.tensor([0.5, 2.0], dtype=torch.bfloat16),
        double=torch.tensor([0.1], dtype=torch.float64),
        flags=torch.tensor([True, False]),
        empty=torch.zeros(0, 3),
    )


def write(name, value, **options):
    torch.save(value, FOLDER / name, **options)


def main():
    FOLDER.mkdir(exist_ok=True)
    write("zip.pt", state())
    write("legacy.pth", state(), _use_new_zipfile_serialization=False)
    module = torch.nn.DataParallel(torch.nn.Linear(2, 1))
    with torch.no_grad():
        for value, parameter in enumerate(module.parameters()):
            parameter.fill_(value + 0.5)
    write("wrapped.pt", {"epoch": 3, "state_dict": module.state_dict(), "loss": 0.25})
    write("strange.pt", {"state_dict": state(), "args": argparse.Namespace(lr=1.0)})
    write("untensored.pt", {"weights": [1, 2, 3]})


if __name__ == "__main__":
    main()
