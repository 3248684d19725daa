"""Reads what `cargo run -p logbook --example demo -- DIR [METRIC...]` wrote with TensorBoard itself, and says whether
all is there.

    pip install tensorboard==2.21.0 && python check.py DIR [METRIC...]

Scalars, images and histograms are read by EventAccumulator, and once more, as the HPARAMS tab is, by a running
`tensorboard` with each of its two readers: tensorboard-data-server and its own.
"""

import http.client
import json
import math
import pathlib
import re
import struct
import subprocess
import sys
import time
import urllib.parse
import zlib

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

RUNS = {
    "adamw": {"optimizer.name": "adamw", "optimizer.lr": 1e-3, "optimizer.betas": "[0.9,0.999]"},
    "sgd": {"optimizer.name": "sgd", "optimizer.lr": 1e-2, "optimizer.momentum": 0.9, "optimizer.nesterov": True},
}
EVERYWHERE = {"batch": 8, "pretrained": True}


def dice(step):
    return 1.0 - 0.9 * math.exp(-5.0 * step / 2000)


def accumulated(folder):
    """One run, by the reader that scripts use."""
    run = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0, "histograms": 0}).Reload()
    tags = run.Tags()
    assert sorted(tags["scalars"]) == ["dice/validation", "learning-rate", "loss/train"], tags
    assert tags["images"] == ["worst"] and tags["histograms"] == ["gradients/decoder"], tags

    # One curve, though steps 800 to 1000 were done twice.
    assert [event.step for event in run.Scalars("loss/train")] == list(range(1, 2001))
    hundreds = list(range(100, 2001, 100))
    scores = run.Scalars("dice/validation")
    assert [event.step for event in scores] == hundreds
    assert all(math.isclose(event.value, dice(event.step), rel_tol=1e-6) for event in scores)

    images = run.Images("worst")
    assert [event.step for event in images] == hundreds
    for event in images:
        assert (event.height, event.width) == (48, 64), event
        check_png(event.encoded_image_string, event.step)

    histograms = run.Histograms("gradients/decoder")
    assert [event.step for event in histograms] == hundreds
    losses = {event.step: event.value for event in run.Scalars("loss/train")}
    for event in histograms:
        value, loss = event.histogram_value, losses[event.step]
        assert value.num == sum(value.bucket) == 1000
        assert math.isclose(value.min, -0.04 * loss, rel_tol=1e-5) and math.isclose(value.max, 0.0599 * loss, rel_tol=1e-5)
        assert value.bucket_limit == sorted(value.bucket_limit)
        below = sum(count for limit, count in zip(value.bucket_limit, value.bucket) if limit <= 0)
        assert below == 400, below
    print(f"{folder}: EventAccumulator reads 2000 losses, {len(scores)} scores, images and histograms")


def check_png(png, step):
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", png[16:24]) == (64, 48)
    length = struct.unpack(">I", png[33:37])[0]
    assert png[37:41] == b"IDAT"
    rows = zlib.decompress(png[41 : 41 + length])
    assert len(rows) == 48 * (1 + 3 * 64), "all pixels"


def served(folder, fast):
    """All runs, by a running TensorBoard with one of its readers."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--port", "0", "--load_fast", fast]
    # Every step is kept, not a sample of them.
    command += ["--samples_per_plugin", "scalars=9999,images=99,histograms=99"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        port = next(int(found[1]) for line in server.stderr if (found := re.search(r"http://localhost:(\d+)", line)))

        def ask(path, body=None, **query):
            connection = http.client.HTTPConnection("localhost", port, timeout=30)
            path = f"/{path}?{urllib.parse.urlencode(query)}" if query else f"/{path}"
            body = body and json.dumps(body)
            headers = {"Content-Type": "application/json"} if body else {}
            connection.request("POST" if body else "GET", path, body, headers)
            response = connection.getresponse()
            answer = response.read()
            assert response.status == 200, (path, response.status, answer)
            return json.loads(answer) if response.headers.get_content_type() == "application/json" else answer

        wait_for(lambda: sorted(ask("data/runs")) == sorted(RUNS))
        for run in RUNS:
            losses = lambda: ask("data/plugin/scalars/scalars", run=run, tag="loss/train")
            wait_for(lambda: [step for _, step, _ in losses()] == list(range(1, 2001)))
            images = ask("data/plugin/images/images", run=run, tag="worst", sample=0)
            assert [image["step"] for image in images] == list(range(100, 2001, 100)), images
            check_png(ask("data/plugin/images/individualImage?" + images[-1]["query"]), 2000)
            histograms = ask("data/plugin/histograms/histograms", run=run, tag="gradients/decoder")
            assert [step for _, step, _ in histograms] == list(range(100, 2001, 100))
            assert all(sum(count for _, _, count in buckets) == 1000 for _, _, buckets in histograms)
            print(f"{run}: tensorboard --load_fast {fast} shows 2000 losses in one curve, 20 images and histograms")
        check_hparams(ask)
    finally:
        server.terminate()
        server.wait()


def check_hparams(ask):
    experiment = ask("data/plugin/hparams/experiment", {"experimentName": ""})
    names = [info["name"] for info in experiment["hparamInfos"]]
    tags = [info["name"]["tag"] for info in experiment["metricInfos"]]
    of_runs = [{*hparams, *EVERYWHERE} for hparams in RUNS.values()]
    if sys.argv[2:]:
        # TensorBoard takes them from one of the runs.
        assert set(names) in of_runs, names
        assert tags == sys.argv[2:], tags
    else:
        assert set(names) == set().union(*of_runs), names
        assert sorted(tags) == ["dice/validation", "learning-rate", "loss/train"], tags
    columns = [{"metric": {"tag": tag, "group": ""}} for tag in tags] + [{"hparam": name} for name in names]
    question = dict(
        experimentName="", startIndex=0, sliceSize=100, colParams=columns,
        allowedStatuses=["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"],
    )
    groups = ask("data/plugin/hparams/session_groups", question)["sessionGroups"]
    assert len(groups) == len(RUNS), groups
    for group in groups:
        [session] = group["sessions"]
        assert group["hparams"] == {**RUNS[session["name"]], **EVERYWHERE}, group
        assert session["status"] == "STATUS_SUCCESS", session
        assert session["endTimeSecs"] >= session["startTimeSecs"] > 1e9, session
        values = {value["name"]["tag"]: value for value in session["metricValues"]}
        assert sorted(values) == sorted(tags), values
        assert math.isclose(values["dice/validation"]["value"], dice(2000), rel_tol=1e-6), values
        assert all(value["trainingStep"] == 2000 for value in values.values()), values
    print(f"HPARAMS shows {len(groups)} runs with {tags} and {names}")


def wait_for(condition):
    for _ in range(100):
        if condition():
            return
        time.sleep(0.2)
    raise AssertionError("TensorBoard does not show it")


def main():
    folder = pathlib.Path(sys.argv[1])
    for run in RUNS:
        accumulated(folder / run)
    for fast in ["true", "false"]:
        served(folder, fast)


main()
