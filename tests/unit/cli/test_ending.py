"""How commands end when they are told to, in processes of their own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.capture.source import Pace, SourceOptions, open_source
from app.core.resources import asset
from app.record.video import VideoSink

ROOT = Path(__file__).resolve().parents[3]
DEMO = str(asset("demo.mp4"))
Start = Callable[..., subprocess.Popen[str]]


def _hear_all_signals() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a command in `tmp_path`; it is killed when the test ends."""
    running: list[subprocess.Popen[str]] = []

    def begin(*arguments: str, program: str = "") -> subprocess.Popen[str]:
        command = [sys.executable, *(("-c", program) if program else ("-m", "app")), *arguments]
        running.append(
            subprocess.Popen(
                command,
                cwd=tmp_path,
                env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                # Who starts the tests in the background may have switched them off.
                preexec_fn=_hear_all_signals,
            )
        )
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def until(condition: Callable[[], bool], *, within_s: float = 60) -> None:
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.02)


def ended(process: subprocess.Popen[str], number: int) -> tuple[float, str, str]:
    """Seconds that a process takes to end after a signal, and what it printed."""
    began_s = time.monotonic()
    process.send_signal(number)
    printed, errors = process.communicate(timeout=30)
    return time.monotonic() - began_s, printed, errors


@pytest.fixture
def many_frames(tmp_path: Path) -> Path:
    """A clip on which every command works for a while, with labels beside it."""
    clip = tmp_path / "many.mp4"
    clip.write_bytes(asset("demo.mp4").read_bytes())
    labels = asset("demo.labels.jsonl").read_text("utf-8").splitlines()
    labels[0] = json.dumps(json.loads(labels[0]) | {"clip": clip.name})
    (tmp_path / "many.labels.jsonl").write_text("\n".join(labels) + "\n", "utf-8")
    return clip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("command", ["run", "evaluate", "drowsiness", "label", "window", "bench"])
def test_every_command_that_is_told_to_end_does_so_soon_with_the_same_code(
    command: str, number: int, start: Start, many_frames: Path, tmp_path: Path
) -> None:
    arguments = {
        "run": ["run", "many.mp4", "--headless", "--sidecar", "f.jsonl"],
        "evaluate": ["evaluate", "many.mp4", "--results", "kept", "--json", "f.json"],
        "drowsiness": ["drowsiness", "many.mp4", "--json", "f.json"],
        "label": ["label", "own.mp4"],
        "window": ["run", "many.mp4"],
        "bench": ["bench", "--no-window", "--frames", "100000"],
    }[command]
    if command == "label":
        many_frames.rename(tmp_path / "own.mp4")
    process = start(*arguments)
    time.sleep(2.5)
    seconds, _, errors = ended(process, number)
    assert process.returncode == 128 + number, errors
    assert seconds < (10 if number == signal.SIGINT else 2)
    assert "Traceback" not in errors


WAITS = """
import threading
from app.cli import parser
from app.cli.stopping import Stopping
def wait(options):
    print("waiting", flush=True)
    {wait}
parser._models = wait
from app.cli.main import main
raise SystemExit(main())
"""


@pytest.mark.parametrize(
    "wait",
    [
        "import time\n    with Stopping():\n        while True:\n            try:\n"
        "                time.sleep(60)\n            except KeyboardInterrupt:\n"
        "                pass",
        "with Stopping() as s, s.held_back():\n        threading.Event().wait()",
        "import ctypes; ctypes.CDLL(None).pause(); ctypes.CDLL(None).sleep(60)",
        "threading.Thread(target=threading.Event().wait).start()\n"
        "    with Stopping():\n        threading.Event().wait()",
        "threading.Event().wait()",
    ],
    ids=["swallowed", "held back", "in a library", "a thread that never ends", "nothing to keep"],
)
def test_sigterm_ends_the_program_whatever_it_waits_for(wait: str, start: Start) -> None:
    process = start("models", program=WAITS.format(wait=wait))
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    time.sleep(0.2)
    seconds, _, errors = ended(process, signal.SIGTERM)
    assert process.returncode == 128 + signal.SIGTERM, errors
    assert seconds < 2.0
    assert "Traceback" not in errors


def test_a_pipe_that_nobody_reads_is_refused_and_the_results_are_told(
    start: Start, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    process = start("run", DEMO, "--headless", "--detector", "haar", "--sidecar", "pipe")
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert errors == "pfld-live: pipe is a pipe that nobody reads; start its reader first.\n"
    assert "frames with a face" in printed


def test_a_reader_that_sleeps_does_not_hold_up_the_end(start: Start, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    process = start("run", DEMO, "--headless", "--detector", "haar", "--sidecar", "pipe")
    descriptor = os.open(tmp_path / "pipe", os.O_RDONLY)
    try:
        time.sleep(2.5)  # the pipe is full by now
        seconds, _, errors = ended(process, signal.SIGTERM)
    finally:
        os.close(descriptor)
    assert process.returncode == 128 + signal.SIGTERM, errors
    assert seconds < 2.0


def test_the_second_of_two_programs_with_one_output_refuses(start: Start, tmp_path: Path) -> None:
    outputs = ["--output", "o.mp4", "--sidecar", "o.jsonl", "--csv", "o.csv"]
    first = start("run", DEMO, "--headless", "--detector", "haar", *outputs)
    until(lambda: any(tmp_path.glob(".pfld-live-*.lock")))
    for wanted in (outputs, ["--sidecar", "o.jsonl"], ["--json", "o.manifest.json"]):
        second = start("run", DEMO, "--headless", "--detector", "haar", *wanted)
        printed, errors = second.communicate(timeout=60)
        assert second.returncode == 2, wanted
        assert len(errors.splitlines()) == 1
        assert "is being written by another program" in errors
        assert printed == ""
    assert first.poll() is None
    first.kill()
    first.communicate()
    # What the killed one left blocks nobody.
    third = start(
        "run", DEMO, "--headless", "--seconds", "0.2", "--detector", "haar", *outputs, "--overwrite"
    )
    _, errors = third.communicate(timeout=60)
    assert (third.returncode, errors) == (0, "")
    with open_source(str(tmp_path / "o.mp4"), SourceOptions(pace=Pace.FAST)) as video:
        assert sum(1 for _ in video) == 6
    assert not list(tmp_path.glob(".pfld-live-*"))


def test_labels_that_were_made_survive_a_kill_and_the_same_command_goes_on(
    start: Start, tmp_path: Path
) -> None:
    clip, labels = tmp_path / "own.mp4", tmp_path / "own.labels.jsonl"
    with open_source(DEMO, SourceOptions(pace=Pace.FAST)) as source, VideoSink(clip) as sink:
        for frame in source:
            sink.write(frame.image, frame.time_ns)
            if frame.sequence == 119:
                break

    def labelled() -> int:
        return sum('"faces":[' in line for line in labels.read_text("utf-8").splitlines()[1:])

    process = start("label", clip.name)
    until(lambda: labels.exists() and labelled() > 5)
    process.kill()
    process.communicate()
    kept = labelled()
    assert 5 < kept < 120
    lines = labels.read_text("utf-8").splitlines()
    assert len(lines) == 121
    done = start("label", clip.name)
    printed, errors = done.communicate(timeout=120)
    assert done.returncode == 0, errors
    assert "120 frames, 120 with a face" in printed
    now = labels.read_text("utf-8").splitlines()
    before = json.loads(lines[1])["faces"][0]
    assert json.loads(now[1])["faces"][0]["points"] == before["points"]
    assert not list(tmp_path.glob(".pfld-live-*"))
