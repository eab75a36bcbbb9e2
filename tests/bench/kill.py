"""Kills commands while they work, and looks at what is left.

    uv run python -m tests.bench.kill --kills 100 --seed 1

Each round starts `run`, `label`, `evaluate` or `drowsiness` in a fresh folder, ends it by SIGKILL,
SIGTERM or SIGINT at a random moment, and compares what lies there with what the README promises.
Prints a table; the exit code is 1 if anything was lost beyond that.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from app.capture.source import Pace, SourceOptions, open_source
from app.core.errors import SourceError
from app.core.resources import asset
from app.evaluate.keeping import EVERY_S
from app.evaluate.project_labels import read_label_file
from app.evaluate.results import load_result
from app.record.video import FRAGMENT_S, VideoSink

ROOT = Path(__file__).resolve().parents[2]
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
COMMANDS = ("run", "label", "evaluate", "drowsiness")
FRAMES = {"run": 600, "label": 200, "evaluate": 60, "drowsiness": 600}
"""Length of the clip that each command works on."""

TERM_S = 2.0
PATIENCE_S = 60.0
HAAR = ("--detector", "haar")  # starts in a moment
IN_ENCODER = 60
"""Pictures that x264 looks ahead, so that a kill takes them along."""


@dataclass(slots=True)
class Round:
    """One kill.

    Attributes:
        command, number: what was killed, by which signal.
        begun: it had begun to work.
        done: it was finished before.
        seconds: from the signal to the end.
        code: exit code, as `subprocess` reports it.
        kept: what was left, in words.
        lost: what should have been left and was not, one sentence each.
    """

    command: str
    number: int
    begun: bool = False
    done: bool = False
    seconds: float = 0.0
    code: int = 0
    kept: str = ""
    lost: list[str] = field(default_factory=list)


class Bench:
    """Clips to work on, and what is expected of each command."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        labels = asset("demo.labels.jsonl").read_text("utf-8").splitlines()
        with open_source(str(asset("demo.mp4")), SourceOptions(pace=Pace.FAST)) as source:
            frames = list(source)
        for command, count in FRAMES.items():
            with VideoSink(folder / f"{command}.mp4") as sink:
                for frame in frames[:count]:
                    sink.write(frame.image, frame.time_ns)
        header = json.loads(labels[0]) | {"clip": "evaluate.mp4", "frames": FRAMES["evaluate"]}
        lines = [json.dumps(header), *labels[1 : 1 + FRAMES["evaluate"]]]
        (folder / "evaluate.labels.jsonl").write_text("\n".join(lines) + "\n", "utf-8")

    def kill(self, command: str, number: int, after_s: float, place: Path) -> Round:
        """Start a command, end it so long after its first result, and look at what is left."""
        done = Round(command, number)
        arguments = self.prepare(command, place)
        with subprocess.Popen(
            [sys.executable, "-m", "app", *arguments],
            cwd=place,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PFLD_LIVE_CONFIG": str(place / "config")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        ) as process:
            end_s = time.monotonic() + PATIENCE_S
            while process.poll() is None and not self._has_begun(command, place):
                if time.monotonic() > end_s:
                    process.kill()
                    done.lost.append(f"no result within {PATIENCE_S:.0f} s")
                time.sleep(0.02)
            done.begun = self._has_begun(command, place)
            time.sleep(after_s)
            before = self._lines(place)
            began_s = time.monotonic()
            process.send_signal(number)
            try:
                printed, errors = process.communicate(timeout=PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                printed, errors = process.communicate()
                done.lost.append("it did not end")
            done.seconds, done.code = time.monotonic() - began_s, process.returncode
        done.done = done.code == 0
        if "Traceback" in errors:
            done.lost.append(errors.strip().splitlines()[-1])
        if not done.done and number != signal.SIGKILL and done.code != 128 + number:
            done.lost.append(f"exit code {done.code}")
        if number == signal.SIGTERM and done.seconds > TERM_S:
            done.lost.append(f"{done.seconds:.1f} s to the end")
        done.lost += getattr(self, f"_look_at_{command}")(done, place, before, printed)
        done.lost += [f"left behind: {p.name}" for p in self._leftovers(done, place)]
        return done

    def prepare(self, command: str, place: Path) -> list[str]:
        """Put what a command needs into its folder; its arguments."""
        clip = self._folder / f"{command}.mp4"
        if command == "run":
            files = ["--output", "o.mp4", "--sidecar", "o.jsonl", "--csv", "o.csv"]
            return ["run", str(clip), "--headless", *HAAR, *files, "--json", "summary.json"]
        if command == "drowsiness":
            return ["drowsiness", str(clip), *HAAR, "--json", "d.json", "--report", "d.html"]
        if command == "label":
            (place / "own.mp4").symlink_to(clip)
            return ["label", "own.mp4"]
        clips = place / "clips"
        clips.mkdir()
        text = (self._folder / "evaluate.labels.jsonl").read_text("utf-8")
        for name in "abcdef":
            (clips / f"{name}.mp4").symlink_to(clip)
            labels = text.replace("evaluate.mp4", f"{name}.mp4")
            (clips / f"{name}.labels.jsonl").write_text(labels, "utf-8")
        models = ["--models", "pfld-0.25x int8"]
        return ["evaluate", "clips", *models, *HAAR, "--results", "kept", "--json", "e.json"]

    @staticmethod
    def _has_begun(command: str, place: Path) -> bool:
        if command == "run":
            return (place / "o.jsonl").exists()
        if command == "label":
            return (place / "own.labels.jsonl").exists()
        if command == "evaluate":
            return any((place / "kept").glob("*.npz"))
        return any(place.glob(".pfld-live-*.lock"))  # it writes at its end alone

    @staticmethod
    def _lines(place: Path) -> int:
        """What is surely there at the moment of the kill."""
        for name in ("o.jsonl", "own.labels.jsonl"):
            if (place / name).exists():
                text = (place / name).read_text("utf-8")
                return text.count('"faces":[') if name.startswith("own") else text.count("\n")
        return len(list((place / "kept").glob("*.npz"))) if (place / "kept").exists() else 0

    @staticmethod
    def _leftovers(done: Round, place: Path) -> Iterator[Path]:
        if done.number == signal.SIGKILL:  # locks and half files of it hinder nobody
            return
        for pattern in ("*.part", ".pfld-live-*"):
            yield from place.rglob(pattern)

    @staticmethod
    def _look_at_run(done: Round, place: Path, before: int, _: str) -> Iterator[str]:
        lines = (place / "o.jsonl").read_text("utf-8").splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n")]
        for line in whole:
            json.loads(line)
        if len(whole) < before:
            yield f"{before - len(whole)} lines of the sidecar"
        try:
            with open_source(str(place / "o.mp4"), SourceOptions(pace=Pace.FAST)) as video:
                pictures = sum(1 for _ in video)
        except SourceError as error:
            pictures = 0
            if done.number != signal.SIGKILL or len(whole) > IN_ENCODER + FRAGMENT_S * 30:
                yield f"the video: {error}"
        done.kept = f"{len(whole)} lines, {pictures} pictures"
        if done.number == signal.SIGKILL:
            if pictures < len(whole) - IN_ENCODER - FRAGMENT_S * 30:
                yield f"{len(whole) - pictures} pictures"
            return
        if pictures != len(whole):
            yield f"{len(whole)} lines, but {pictures} pictures"
        if not (place / "o.manifest.json").exists() or not (place / "summary.json").exists():
            yield "manifest or summary"
        elif json.loads((place / "summary.json").read_text("utf-8"))["frames"] != len(whole):
            yield "the summary says otherwise"

    @staticmethod
    def _look_at_label(done: Round, place: Path, before: int, _: str) -> Iterator[str]:
        file = read_label_file(place / "own.labels.jsonl")
        there = sum(frame.faces is not None for frame in file.frames)
        done.kept = f"{there} of {len(file.frames)} frames"
        if there < before:
            yield f"{before - there} labelled frames"

    @staticmethod
    def _look_at_evaluate(done: Round, place: Path, before: int, _: str) -> Iterator[str]:
        kept = list((place / "kept").glob("*.npz"))
        done.kept = f"{len(kept)} of 6 clips"
        if len(kept) < before:
            yield f"{before - len(kept)} kept clips"
        import numpy as np

        for path in kept:
            with np.load(path) as arrays:
                key = json.loads(arrays["facts"].tobytes())["key"]
            if load_result(path, key) is None:
                yield f"{path.name} is broken"

    @staticmethod
    def _look_at_drowsiness(done: Round, place: Path, _: int, printed: str) -> Iterator[str]:
        files = [place / "d.json", place / "d.html"]
        done.kept = "results printed" if "PERCLOS" in printed else "nothing, as it says"
        for path in files:
            if path.exists() and path.suffix == ".json":
                json.loads(path.read_text("utf-8"))
        worked = "PERCLOS" in printed
        if worked and not all(path.exists() for path in files):
            yield "a file"


def _goes_on(bench: Bench, folder: Path) -> Iterator[str]:
    """The same commands where they were killed end well: nothing that was left hinders them."""
    for command in COMMANDS:
        place = folder / f"again-{command}"
        place.mkdir()
        bench.kill(command, signal.SIGKILL, 0.2, place)
        for name in ("clips", "own.mp4"):
            path = place / name
            if path.is_symlink():
                path.unlink()
            elif path.exists():
                shutil.rmtree(path)
        arguments = bench.prepare(command, place)
        again = subprocess.run(
            [
                sys.executable,
                "-m",
                "app",
                *arguments,
                *(["--overwrite"] if command == "run" else []),
            ],
            cwd=place,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PFLD_LIVE_CONFIG": str(place / "config")},
            capture_output=True,
            text=True,
            check=False,
        )
        left = [p.name for p in place.rglob("*") if p.suffix in (".part", ".lock")]
        yield f"{command}: exit code {again.returncode}" + (f", left {left}" if left else "")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.kill", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="kills at a time")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench = Bench(folder)
        delays_s = [chance.uniform(0.0, 1.5) for _ in range(options.kills)]

        def kill(number: int) -> Round:
            place = folder / str(number)
            place.mkdir()
            command, kind = COMMANDS[number % 4], SIGNALS[number // 4 % 3]
            done = bench.kill(command, kind, delays_s[number], place)
            shutil.rmtree(place)
            for lost in done.lost:
                print(f"{number}: {command} {kind.name}: {lost}", file=sys.stderr)
            return done

        with ThreadPoolExecutor(options.jobs) as pool:
            rounds = list(pool.map(kill, range(options.kills)))
        again = list(_goes_on(bench, folder))
    print(f"{options.kills} kills, seed {options.seed}, {time.monotonic() - began_s:.0f} s")
    print(f"labels are kept every {EVERY_S:g} s, videos every {FRAGMENT_S:g} s")
    print(
        f"{'command':<11} {'signal':<8} kills  at work  finished  s to end (max)  exit codes  lost"
    )
    for command in COMMANDS:
        for kind in SIGNALS:
            some = [r for r in rounds if (r.command, r.number) == (command, kind)]
            if not some:
                continue
            codes = ", ".join(f"{c}×{n}" for c, n in sorted(Counter(r.code for r in some).items()))
            print(
                f"{command:<11} {signal.Signals(kind).name:<8} {len(some):>5}  "
                f"{sum(r.begun for r in some):>7}  {sum(r.done for r in some):>8}  "
                f"{max(r.seconds for r in some):>14.2f}  {codes}  {sum(bool(r.lost) for r in some)}"
            )
            print(f"    kept: {some[0].kept}; {some[-1].kept}")
    print("the same command again after a kill: " + "; ".join(again))
    return int(any(r.lost for r in rounds) or any("exit code 0" not in line for line in again))


if __name__ == "__main__":
    raise SystemExit(main())
