"""Writes golden.tfevents: an event file as PyTorch and TensorBoard write it, at fixed times.

    pip install torch==2.13.0 tensorboard==2.21.0 && python make.py

Read by crates/logbook/tests/golden.rs, which tells the same by logbook and compares every field.
"""

import pathlib
import struct
import zlib

import numpy
from tensorboard.compat.proto import event_pb2
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.plugins.hparams import api_pb2, metadata
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo, SessionStartInfo
from tensorboard.summary.writer.record_writer import RecordWriter
from torch.utils.tensorboard import summary

TIME = 1764540000.25


def png():
    """A grey image of 3 × 2 pixels, made by hand, so that no library's choice of compression is in it."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(row) for row in [[0, 128, 255], [255, 128, 0]])
    header = struct.pack(">IIBBBBB", 3, 2, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def values():
    """Numbers that f32 holds, in both signs, over many buckets."""
    return numpy.array([(-1) ** n * (n % 37) * 0.25 ** (n % 11) for n in range(1000)], dtype=numpy.float32)


def bins():
    """The limits that PyTorch's writer takes by default."""
    positive, limit = [], 1e-12
    while limit < 1e20:
        positive.append(limit)
        limit *= 1.1
    return [-limit for limit in reversed(positive)] + [0] + positive


def hparams(tag, **content):
    """A value of the HPARAMS tab. (PyTorch's own takes truth values for numbers, and leaves times out.)"""
    content = HParamsPluginData(version=metadata.PLUGIN_DATA_VERSION, **content).SerializeToString(deterministic=True)
    plugin = SummaryMetadata.PluginData(plugin_name=metadata.PLUGIN_NAME, content=content)
    described = SummaryMetadata(plugin_data=plugin)
    return Summary(value=[Summary.Value(tag=tag, metadata=described, tensor=metadata.NULL_TENSOR)])


def experiment(configuration):
    kinds = {str: api_pb2.DATA_TYPE_STRING, bool: api_pb2.DATA_TYPE_BOOL}
    infos = [
        api_pb2.HParamInfo(name=name, type=kinds.get(type(value), api_pb2.DATA_TYPE_FLOAT64))
        for name, value in configuration.items()
    ]
    metrics = [api_pb2.MetricInfo(name=api_pb2.MetricName(tag="dice/validation"))]
    return api_pb2.Experiment(hparam_infos=infos, metric_infos=metrics)


def start(configuration):
    info = SessionStartInfo(start_time_secs=TIME)
    for name, value in configuration.items():
        kind = {str: "string_value", bool: "bool_value"}.get(type(value), "number_value")
        setattr(info.hparams[name], kind, value)
    return info


def events():
    yield dict(file_version="brain.Event:2")
    yield dict(step=7, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START))
    configuration = {"optimizer.name": "adamw", "optimizer.lr": 0.001, "amp": True, "seed": 7}
    yield dict(summary=hparams(metadata.EXPERIMENT_TAG, experiment=experiment(configuration)))
    yield dict(summary=hparams(metadata.SESSION_START_INFO_TAG, session_start_info=start(configuration)))
    yield dict(step=10, summary=summary.scalar("loss/train", 0.41))
    yield dict(step=300, summary=summary.scalar("dice/validation", 0.93))
    yield dict(step=300, summary=summary.scalar("loss/train", float("nan")))
    image = Summary.Image(height=2, width=3, colorspace=1, encoded_image_string=png())
    yield dict(step=300, summary=Summary(value=[Summary.Value(tag="worst", image=image)]))
    # In f64, as sums of f32 would be rounded.
    yield dict(step=300, summary=summary.histogram("gradient", values().astype(numpy.float64), bins()))
    end = SessionEndInfo(status=api_pb2.STATUS_SUCCESS, end_time_secs=TIME)
    yield dict(summary=hparams(metadata.SESSION_END_INFO_TAG, session_end_info=end))


def main():
    with open(pathlib.Path(__file__).parent / "golden.tfevents", "wb") as file:
        writer = RecordWriter(file)
        for event in events():
            writer.write(event_pb2.Event(wall_time=TIME, **event).SerializeToString())


main()
