"""Damaged files of every format: `uv run python -m tests.bench.fuzz`.

Valid files are changed at random, by a seed, and read as the program reads them. Each must be read
or refused in one sentence, within a time limit; what is read must be possible, and must come back
the same after it was saved. Anything else is a finding, which is printed with the seed and number
that make it again (`--format NAME --seed S --only N` writes it to a file).
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import io
import json
import math
import multiprocessing
import os
import random
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from app.core.card import METADATA_KEY, ModelCard
from app.core.errors import PfldLiveError
from app.core.layout import IBUG68, WFLW98
from app.core.resources import asset, models_folder
from app.core.untrusted import FARTHEST_PX, MOST_FRAMES
from app.driver.baseline import Baseline
from app.driver.presets import Presets
from app.driver.profiles import Profile, Profiles
from app.driver.settings import QUANTITIES, DriverSettings
from app.evaluate.csv_labels import read_csv_labels, write_csv_labels
from app.evaluate.find import find_clips, open_labelled_clip
from app.evaluate.labels import LabelOrigin, Labels, LabelsBuilder
from app.evaluate.project_labels import as_labels, read_label_file, write_label_file
from app.evaluate.pts import read_300vw, read_pts, write_pts
from app.evaluate.results import ClipResult, ModelResult, load_result, save_result
from app.evaluate.store import ResultStore
from app.vision.card_writer import card_values, make_card
from app.vision.onnx_file import OnnxFile
from app.vision.trial import checked_file, try_model

LIMIT_S: Final = 5.0
"""Longer computes nobody for a damaged file of these sizes, however busy the machine is."""
WAIT_S: Final = 120.0
"""Longer waits nobody; a trial of a network has limits of its own below it."""
MEDIA_LIMIT_S: Final = 20.0

NASTY: Final = (
    *("1e400", "-1e400", "1e39", "-1e39", "1e308", "NaN", "Infinity", "-Infinity", "1" * 5000),
    *("99999999999999999999", "9223372036854775808", "2147483648", "-1", "0", "-0.0", "1e-320"),
    *('"1"', '""', "null", "true", "[]", "{}", "[[]]", r'"\ud800"', r'"\u0000"', '"\x1b[2J"'),
    *("[" * 2000 + "]" * 2000, "[" * 60 + "]" * 60, '"' + "A" * 3000 + '"', '"../../etc/passwd"'),
    *('{"a":' * 40 + "1" + "}" * 40, '"=1+1"', "1.5", "65536", "[1,2]", "1_0", "0x10"),
)
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")
_VALUE: Final = re.compile(r'-?\d+(\.\d+)?|"[^"]*"|null|true|false')


class Finding(Exception):  # noqa: N818 - it is what is looked for
    """Something that no damaged file should bring about."""


@dataclasses.dataclass(slots=True)
class Report:
    """What became of the files of one format."""

    name: str
    accepted: int = 0
    refused: int = 0
    findings: list[str] = dataclasses.field(default_factory=list)

    def __str__(self) -> str:
        counts = f"{self.accepted} read, {self.refused} refused, {len(self.findings)} findings"
        return f"{self.name:<12} {counts}"


@dataclasses.dataclass(frozen=True, slots=True)
class Format:
    """A format: a valid file, and what reads a damaged one.

    Attributes:
        valid: its bytes.
        read: takes bytes; raises PfldLiveError, or Finding for what is impossible.
        text: mutations of texts fit.
    """

    name: str
    valid: tuple[bytes, ...]
    read: Callable[[bytes], None]
    text: bool = True


def damaged(data: bytes, random_: random.Random, *, text: bool) -> bytes:
    """A file with one to three changes."""
    for _ in range(random_.choice((1, 1, 1, 2, 3))):
        kind = random_.randrange(9 if text else 5)
        place = random_.randrange(len(data) + 1)
        if kind == 0:  # cut off
            data = data[:place]
        elif kind == 1:  # other bytes
            size = random_.choice((1, 1, 2, 8))
            data = data[:place] + random_.randbytes(size) + data[place + size :]
        elif kind == 2:  # a piece is gone
            data = data[:place] + data[place + random_.randrange(1, 200) :]
        elif kind == 3:  # a piece is there twice
            end = place + random_.randrange(1, 400)
            data = data[:end] + data[place:end] + data[end:]
        elif kind == 4:  # a bit is turned
            if data:
                changed = bytearray(data)
                changed[place % len(data)] ^= 1 << random_.randrange(8)
                data = bytes(changed)
        else:  # a value is another one
            words = data.decode("utf-8", "replace")
            found = list((_VALUE if kind < 8 else _NUMBER).finditer(words))
            if found:
                value = random_.choice(found)
                words = words[: value.start()] + random_.choice(NASTY) + words[value.end() :]
            data = words.encode("utf-8")
        if not data:
            break
    return data


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise a Finding after so much computing, or `WAIT_S`; never where there is no such signal."""
    import signal

    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: object) -> None:
        raise Finding(f"it takes longer than {seconds:.0f} s")

    timers = ((signal.ITIMER_PROF, signal.SIGPROF, seconds),)
    timers += ((signal.ITIMER_REAL, signal.SIGALRM, WAIT_S),)
    before = [signal.signal(number, stop) for _, number, _ in timers]
    for timer, _, most_s in timers:
        signal.setitimer(timer, most_s)
    try:
        yield
    finally:
        for timer, _, _ in timers:
            signal.setitimer(timer, 0)
        for (_, number, _), handler in zip(timers, before, strict=True):
            signal.signal(number, handler)


def fuzz(what: Format, count: int, seed: int, *, only: int | None = None) -> Report:
    """Read `count` damaged files of a format; `only` writes that one to the present folder."""
    report = Report(what.name)
    for number in range(count) if only is None else (only,):
        random_ = random.Random(f"{seed}/{what.name}/{number}")
        data = damaged(random_.choice(what.valid), random_, text=what.text)
        if only is not None:
            Path(f"fuzz-{what.name}-{seed}-{number}").write_bytes(data)
        try:
            with within(LIMIT_S):
                what.read(data)
            report.accepted += 1
        except PfldLiveError as error:
            report.refused += 1
            if "\n" in str(error) or len(str(error)) > 1000:
                report.findings.append(f"{number}: no sentence: {str(error)[:200]!r}")
        except Finding as error:
            report.findings.append(f"{number}: {error}")
        except BaseException as error:  # what a user would see as a traceback
            if isinstance(error, KeyboardInterrupt):
                raise
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            report.findings.append(f"{number}: {type(error).__name__} at {where}: {error!s:.200}")
    return report


def _demand(holds: object, what: str) -> None:
    if not holds:
        raise Finding(f"accepted: {what}")


def _check_labels(labels: Labels) -> None:
    """What is true of every face that there can be."""
    known = labels.points[~np.isnan(labels.points)]
    _demand(np.isfinite(known).all() and (np.abs(known) <= FARTHEST_PX).all(), "a far point")
    _demand(len(labels.labelled) <= MOST_FRAMES, "too many frames")
    _demand((labels.person >= 0).all(), "a negative person")
    _demand((labels.frame >= 0).all() and (np.diff(labels.frame) >= 0).all(), "frames fall")
    poses = labels.pose[~np.isnan(labels.pose)]
    _demand((np.abs(poses) <= 360).all(), "an impossible pose")
    for face in labels.points:
        with np.errstate(invalid="ignore"):
            _demand(labels.layout.eye_distance(face) > 0, "eyes that coincide")


def _points(random_: np.random.Generator, count: int = 68) -> np.ndarray:
    return random_.uniform(10, 200, (count, 2)).round(4)


def make_formats(folder: Path) -> list[Format]:
    """All formats, with valid files and readers that work in a folder."""
    numbers = np.random.default_rng(0)
    images = folder / "images"
    images.mkdir()
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(images / name), np.zeros((8, 8, 3), np.uint8))
    formats = [
        *_label_formats(folder, images, numbers),
        *_named_formats(folder),
        *_kept_formats(folder, numbers),
    ]
    return [*formats, *_model_formats()]


def _label_formats(folder: Path, images: Path, numbers: np.random.Generator) -> Iterator[Format]:
    media = folder / "walk.mp4"
    media.touch()
    labels = media.with_name("walk.labels.jsonl")
    face = {
        "person": 0,
        "points": _points(numbers).tolist(),
        "hidden": [3],
        "pose": {"yaw": 1.0, "pitch": 2.0, "roll": 3.0},
        "attributes": ["frontal"],
        "eyes": {"left_open": 1.0, "right_open": 0.9},
        "mouth_open": 0.1,
    }
    header = {
        "format": "pfld-live-labels",
        "version": 1,
        "clip": "walk.mp4",
        "frames": 3,
        "size": [640, 480],
        "layout": "ibug68",
        "camera": {"focal_px": 600.0},
        "truth": "hand",
        "made_by": "people",
        "licence": "CC0",
    }
    lines = [header, *({"frame": n, "time_s": n / 25, "faces": [face]} for n in range(2))]
    lines.append({"frame": 2, "faces": None, "corrected": True})
    text = "".join(json.dumps(line) + "\n" for line in lines)

    def read_labels(data: bytes) -> None:
        labels.write_bytes(data)
        file = read_label_file(labels)
        _check_labels(as_labels(file))
        _demand(file.size is None or min(file.size) > 0, "a frame without size")
        again_at = folder / "again.labels.jsonl"
        write_label_file(again_at, file)
        again = read_label_file(again_at)
        _demand(again.extra == file.extra and len(again.frames) == len(file.frames), "another file")
        open_labelled_clip(media)

    yield Format("labels", (text.encode(),), read_labels)

    both = {"layout": "ibug68", "faces": [face, face | {"person": 1}]}
    one = json.dumps({"points": face["points"]})

    def read_images(data: bytes) -> None:
        (images / "a.json").write_bytes(data)
        (images / "b.json").write_text(one)
        try:
            _check_labels(open_labelled_clip(images).labels)
        finally:
            for name in ("a.json", "b.json"):
                (images / name).unlink()

    yield Format("image-json", (json.dumps(both).encode(), one.encode()), read_images)

    table = images / "keypoints.csv"
    write_csv_labels(table, [(name, _points(numbers)) for name in ("a.png", "b.png", "a.png")])
    rows = table.read_bytes()

    def read_table(data: bytes) -> None:
        table.write_bytes(data)
        try:
            clip = read_csv_labels(table)
        finally:
            table.unlink()
        _check_labels(clip.labels)
        _demand(all(path.is_file() for path in clip.images), "an image that is not there")

    table.unlink()
    yield Format("csv", (rows,), read_table)

    pts = folder / "face.pts"
    write_pts(pts, _points(numbers))

    def read_points(data: bytes) -> None:
        pts.write_bytes(data)
        points = read_pts(pts)
        _demand(points.shape == (68, 2) and np.isfinite(points).all(), "no points")
        _demand((np.abs(points) <= FARTHEST_PX).all(), "a far point")

    yield Format("pts", (pts.read_bytes(),), read_points)

    video = folder / "vw"
    (video / "annot").mkdir(parents=True)
    (video / "clip.mp4").touch()
    good = pts.read_bytes()

    def read_numbered(data: bytes) -> None:
        name = data.decode("utf-8", "replace").replace("/", "_").replace("\0", "_")[:200]
        place = video / "annot" / f"{name}.pts"
        try:
            place.write_bytes(good)
            _check_labels(read_300vw(video).labels)
        except (OSError, UnicodeError):
            return  # this system cannot have a file of that name
        finally:
            with contextlib.suppress(OSError, UnicodeError):
                place.unlink()

    yield Format("300vw-name", (b"000001", b"42", b"2999999"), read_numbered)

    listed = folder / "list_98pt_test.txt"
    words = [f"{v:.3f}" for v in _points(numbers, WFLW98.count).ravel()]
    line = " ".join(
        [*words, *["10", "10", "90", "90", "0", "1", "0", "0", "1", "0", "images/a.png"]]
    )

    def read_list(data: bytes) -> None:
        listed.write_bytes(data)
        _check_labels(open_labelled_clip(listed).labels)
        find_clips(listed)

    yield Format("wflw", ((line + "\n" + line + "\n").encode(),), read_list)


def _named_formats(folder: Path) -> Iterator[Format]:
    profiles, presets = Profiles(folder / "profiles"), Presets(folder / "presets")
    baseline = Baseline(left_open=0.3, right_open=0.31, left_shut=0.1, right_shut=0.11, yaw=3.0)
    profile = profiles.save(Profile(person="Ada", glasses=True, baseline=baseline))
    preset = presets.save("mine", DriverSettings())

    def read_profile(data: bytes) -> None:
        profile.write_bytes(data)
        loaded = profiles.load("Ada (with glasses)")
        values = [v for v in loaded.baseline.as_dict().values() if v is not None]
        _demand(all(abs(v) <= 360 for v in values), "an impossible baseline")
        if loaded.name == "Ada (with glasses)":
            profiles.save(loaded)
            again = profiles.load(loaded.name)
            _demand(again.baseline.as_dict() == loaded.baseline.as_dict(), "another profile")

    def read_preset(data: bytes) -> None:
        preset.write_bytes(data)
        settings = presets.load("mine")
        for name, quantity in QUANTITIES.items():
            _demand(quantity.low <= getattr(settings, name) <= quantity.high, name)
        presets.save("mine", settings)
        _demand(presets.load("mine") == settings, "another preset")

    yield Format("profile", (profile.read_bytes(),), read_profile)
    yield Format("preset", (preset.read_bytes(),), read_preset)


def _kept_formats(folder: Path, numbers: np.random.Generator) -> Iterator[Format]:
    store = ResultStore(folder / "store")
    facts = {
        "version": 1,
        "id": "run",
        "clips": ["a.mp4"],
        "frames": 3,
        "faces": 2,
        "nme": {"pfld int8": 0.03},
        "settings": {"detector": "haar"},
        "program": "1",
        "made_at": "2026-11-22T12:30:00+00:00",
    }
    for name in ("run", "good"):
        (store.folder / name).mkdir(parents=True)
        text = json.dumps(facts | {"id": name})
        (store.folder / name / "run.json").write_text(text)

    def read_run(data: bytes) -> None:
        (store.folder / "run" / "run.json").write_bytes(data)
        runs = store.runs()
        _demand("good" in [run.id for run in runs], "a broken run that hides another one")
        for run in runs:
            _demand(run.frames >= 0 and run.faces >= 0, "a negative count")
            _demand(all(isinstance(name, str) for name in run.clips), "a clip without a name")
            _demand(all(v is None or math.isfinite(v) for v in run.nme.values()), "no error")
            json.dumps(dataclasses.asdict(run) | {"made_at": ""}, allow_nan=False).encode()

    yield Format("kept-run", (json.dumps(facts).encode(),), read_run)

    builder = LabelsBuilder(IBUG68)
    for frame in range(2):
        builder.add(frame=frame, person=0, points=_points(numbers))
    model = ModelResult(
        layout=IBUG68,
        points=np.zeros((2, 68, 2), np.float32),
        pose=np.zeros((2, 3)),
        false_frames=np.array([1], np.int32),
        worst=(),
    )
    kept = folder / "kept.npz"
    result = ClipResult(
        clip="a.mp4",
        place=Path("a.mp4"),
        origin=LabelOrigin(),
        moving=True,
        field_of_view_deg=60.0,
        labels=builder.build(np.ones(2, bool)),
        times_s=np.arange(2.0),
        sizes=np.full((2, 2), 99, np.int32),
        models={"m": model},
    )
    save_result(kept, result, "key")
    plain = io.BytesIO()
    with np.load(kept) as arrays:  # not compressed, so that changes reach what is inside
        np.savez(plain, **arrays)

    def read_result(data: bytes) -> None:
        kept.write_bytes(data)
        found = load_result(kept, "key")
        if found is None:
            raise PfldLiveError("it is broken.")
        _demand(found.labels.points.shape == (2, 68, 2), "other shapes")

    valid = (kept.read_bytes(), plain.getvalue(), plain.getvalue())
    yield Format("kept-result", valid, read_result, text=False)


def _model_formats() -> Iterator[Format]:
    shipped = min(models_folder().glob("*.onnx"), key=lambda path: path.stat().st_size)
    file = OnnxFile.read(shipped)
    card = file.metadata[METADATA_KEY]

    def read_card(data: bytes) -> None:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return
        found = ModelCard.from_metadata({METADATA_KEY: text})
        _demand(ModelCard.from_metadata(found.to_metadata()) == found, "another card")
        found.to_metadata()[METADATA_KEY].encode()
        numbers = [*found.mean, *found.std, *found.nme_val.values(), found.milliseconds or 0.0]
        _demand(all(abs(value) <= 1e6 for value in numbers), "an impossible number")

    yield Format("card", (card.encode(),), read_card)
    small = _small_network(card)

    def read_network(data: bytes) -> None:
        found = checked_file(data)
        known, _ = card_values(found, Path("x.onnx"))
        _ = (found.nodes, found.inputs, found.outputs, found.weight_types)
        for name in ("half", "absent"):
            found.weight(name)
        make_card(known, {})
        _demand(OnnxFile.parse(found.to_bytes()).metadata == found.metadata, "another file")

    yield Format("onnx", (small,), read_network, text=False)

    def run_network(data: bytes) -> None:
        try_model(data).checked()

    yield Format("onnx-run", (small,), run_network, text=False)


def _small_network(card: str) -> bytes:
    """A network of a few hundred bytes, so that changes reach all of its parts."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    values = json.loads(card) | {"input_size": 16, "channels": "bgr", "layout": "ibug68"}
    values |= {"mean": [0.0] * 3, "std": [255.0] * 3, "trust_output": None, "pose_output": None}
    values |= {"pose_source": "points", "coordinates": "unit", "points_output": "points"}
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["image"], ["mean"], axes=[1, 2, 3], keepdims=0),
            helper.make_node("Add", ["mean", "half"], ["points"]),
        ],
        "small",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, (1, 3, 16, 16))],
        [helper.make_tensor_value_info("points", TensorProto.FLOAT, (1, 136))],
        [numpy_helper.from_array(np.full((1, 136), 0.5, np.float32), "half")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, {METADATA_KEY: json.dumps(values)})
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def make_media(folder: Path) -> dict[str, bytes]:
    """Short clips and pictures: suffix -> valid bytes."""
    import av

    capture = cv2.VideoCapture(str(asset("demo.mp4")))
    frames = [cv2.resize(capture.read()[1], (96, 64)) for _ in range(12)]
    capture.release()
    media = {}
    for suffix in (".png", ".jpg", ".bmp", ".webp", ".tiff"):
        media[suffix] = cv2.imencode(suffix, frames[0])[1].tobytes()
    codecs = {".mp4": "mpeg4", ".mkv": "mpeg4", ".avi": "mjpeg", ".ts": "mpeg2video"}
    for suffix, codec in codecs.items():
        path = folder / f"valid{suffix}"
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=25)
            stream.width, stream.height = 96, 64
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            for frame in frames:
                picture = av.VideoFrame.from_ndarray(frame, format="bgr24")
                container.mux(stream.encode(picture))
            container.mux(stream.encode(None))
        media[suffix] = path.read_bytes()
    return media


def read_media(connection: Connection) -> None:
    """Read each file whose path comes, all frames of it, and say what happened."""
    from app.capture.source import Pace, SourceOptions, open_source

    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # the libraries complain of every broken byte
    while (path := connection.recv()) is not None:
        try:
            with open_source(path, SourceOptions(pace=Pace.FAST)) as source:
                last_ns = -1
                for count, frame in enumerate(source):
                    if frame.time_ns < last_ns:
                        raise Finding("times fall")
                    last_ns = frame.time_ns
                    if count > 5000:
                        raise Finding("more than 5000 frames from 12")
            connection.send(("accepted", ""))
        except PfldLiveError as error:
            connection.send(("refused", str(error)))
        except BaseException as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            connection.send(("finding", f"{type(error).__name__} at {where}: {error!s:.200}"))


def fuzz_media(folder: Path, count: int, seed: int) -> Report:
    """Read `count` damaged clips and pictures in a process that may crash or hang."""
    report = Report("media")
    media = sorted(make_media(folder).items())
    context = multiprocessing.get_context("spawn")
    worker: Any = None
    ours: Connection | None = None
    try:
        for number in range(count):
            random_ = random.Random(f"{seed}/media/{number}")
            suffix, valid = media[number % len(media)]
            path = folder / f"media-{number}{suffix}"
            path.write_bytes(damaged(valid, random_, text=False))
            if worker is None or ours is None:
                ours, theirs = context.Pipe()
                worker = context.Process(target=read_media, args=(theirs,), daemon=True)
                worker.start()
                theirs.close()
            ours.send(str(path))
            kind, words = "finding", ""
            try:
                if ours.poll(MEDIA_LIMIT_S):
                    kind, words = ours.recv()
                else:
                    words = f"it takes longer than {MEDIA_LIMIT_S:.0f} s"
            except (EOFError, OSError):
                worker.join(5)
                words = f"the process died with {worker.exitcode}"
            if kind == "finding":
                report.findings.append(f"{number} ({suffix}): {words}")
                if not words.startswith(("it takes", "the process")):
                    continue
                worker.kill()
                worker.join()
                worker = None
            elif kind == "accepted":
                report.accepted += 1
            else:
                report.refused += 1
            path.unlink()
        if ours is not None and worker is not None:
            ours.send(None)
            worker.join(10)
    finally:
        if worker is not None and worker.is_alive():
            worker.kill()
            worker.join()
    return report


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 where something was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", type=int, default=3000, help="damaged files of each format")
    parser.add_argument("--runs", type=int, default=150, help="networks that are run")
    parser.add_argument("--media", type=int, default=500, help="damaged clips and pictures")
    parser.add_argument("--format", help="this format alone")
    parser.add_argument("--only", type=int, help="this file alone, kept in the present folder")
    parser.add_argument("--keep", type=Path, help="where damaged media stay that are findings")
    options = parser.parse_args(arguments)
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["PFLD_LIVE_CACHE"] = str(folder / "cache")
        reports = []
        for what in make_formats(folder):
            if options.format in (None, what.name):
                count = options.runs if what.name == "onnx-run" else options.each
                started = time.monotonic()
                reports.append(fuzz(what, count, options.seed, only=options.only))
                print(f"{reports[-1]}, {time.monotonic() - started:.0f} s", flush=True)
        if options.media and options.format in (None, "media"):
            place = options.keep or folder
            place.mkdir(exist_ok=True)
            reports.append(fuzz_media(place, options.media, options.seed))
            print(reports[-1], flush=True)
        for report in reports:
            found[report.name] += len(report.findings)
            for finding in report.findings[:20]:
                print(f"  {report.name} --seed {options.seed} --only {finding}")
    files = sum(report.accepted + report.refused + len(report.findings) for report in reports)
    print(f"{files} files, {found.total()} findings")
    return 1 if found.total() else 0


if __name__ == "__main__":
    sys.exit(main())
