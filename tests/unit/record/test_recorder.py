import json
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from app.capture.clip import ClipSource
from app.core.errors import OutputError
from app.core.face import Face
from app.core.frame import Frame
from app.record import recorder as recording
from app.record.places import RecordFiles, files_in
from app.record.recorder import Recorder
from app.record.settings import RecordSettings, What
from app.record.style import OverlayOptions
from app.record.take import Take
from app.vision.result import FrameResult

FaceMaker = Callable[..., Face]
ResultMaker = Callable[..., FrameResult]
MakeRecorder = Callable[..., Recorder]

UNEVEN_MS = (0, 33, 100, 110, 400, 410, 700, 1000, 1400, 1410)
STEP_NS = 40_000_000
PATIENCE_S = 20.0


@pytest.fixture
def make_recorder(tmp_path: Path) -> Iterator[MakeRecorder]:
    """Recorders into `tmp_path`, all files wanted; stopped in the end."""
    made: list[Recorder] = []

    def make(settings: RecordSettings | None = None, **options: object) -> Recorder:
        settings = settings or RecordSettings(what=What.BOTH)

        def place(_: Frame, number: int) -> RecordFiles:
            return files_in(
                tmp_path,
                "out",
                annotated=settings.what.annotated,
                clean=settings.what.clean,
                sidecar=True,
                table=True,
            )

        made.append(Recorder(place, settings, **options))  # type: ignore[arg-type]
        made[-1].start()
        return made[-1]

    yield make
    for recorder in made:
        assert recorder.stop(PATIENCE_S)


def times_ms(path: Path) -> list[float]:
    with ClipSource(path) as clip:
        times = [f.time_ns / 1e6 for f in clip]
        assert clip.problems == ()
    return times


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_uneven_times_are_kept_and_all_files_agree(
    make_recorder: MakeRecorder, make_face: FaceMaker, make_result: ResultMaker, tmp_path: Path
) -> None:
    recorder = make_recorder(about={"vision": {"max_faces": 4}})
    for i, time_ms in enumerate(UNEVEN_MS):
        assert recorder.put(
            make_result(make_face(), sequence=i, time_ns=10**15 + time_ms * 1_000_000)
        )
    assert recorder.stop(PATIENCE_S)
    for name in ("out.mp4", "out-clean.mp4"):
        # Ticks of 1/90 ms: within 2 ms of the capture, and the length within one frame.
        assert times_ms(tmp_path / name) == pytest.approx(UNEVEN_MS, abs=0.1)
        with av.open(str(tmp_path / name)) as container:
            assert container.duration / 1e3 == pytest.approx(UNEVEN_MS[-1], abs=40)
    rows = lines(tmp_path / "out.faces.jsonl")
    assert [row["time_s"] for row in rows] == [t / 1000 for t in UNEVEN_MS]
    assert len((tmp_path / "out.faces.csv").read_text("utf-8").splitlines()) == 1 + len(rows)
    manifest = json.loads((tmp_path / "out.manifest.json").read_text("utf-8"))
    assert manifest["complete"] is True
    assert (manifest["frames"], manifest["dropped"]) == (len(rows), 0)
    assert manifest["models"] == ["model"]
    assert manifest["settings"]["vision"] == {"max_faces": 4}
    assert manifest["settings"]["record"]["what"] == "both"
    assert manifest["files"]["annotated"] == "out.mp4"
    status = recorder.status
    assert (status.running, status.frames, status.dropped) == (False, len(rows), 0)
    assert status.seconds == pytest.approx(UNEVEN_MS[-1] / 1000)
    assert status.bytes >= (tmp_path / "out.mp4").stat().st_size
    assert status.free_bytes is not None


def test_what_is_drawn_is_what_was_chosen(
    make_recorder: MakeRecorder, make_face: FaceMaker, make_result: ResultMaker, tmp_path: Path
) -> None:
    bare = OverlayOptions(points=False, lines=False, numbers=False, box=True, axes=False)
    recorder = make_recorder(RecordSettings(what=What.BOTH, overlay=bare))
    result = make_result(make_face())
    recorder.put(result)
    assert recorder.stop(PATIENCE_S)
    pictures = []
    for name in ("out.mp4", "out-clean.mp4"):
        with ClipSource(tmp_path / name) as clip:
            pictures.append(next(iter(clip)).image)
    box = result.faces[0].box
    edge = pictures[0][round(box.y0) - 1 : round(box.y0) + 2, round(box.x0) : round(box.x1)]
    assert edge.max() > 150
    assert abs(float(pictures[0][120, 160].mean()) - 90) < 6  # no axes in the middle of the face
    assert abs(pictures[1].astype(int) - 90).max() < 6


@pytest.mark.parametrize(
    "after",
    [
        {"epoch": 1},  # the camera came back, or a clip jumped
        {"size": (160, 120)},
        {"source": "other", "time_ns": 0},
        {"time_ns": 3 * STEP_NS},  # a clip of the same name, from its start
    ],
)
def test_a_break_in_time_or_another_size_begins_new_files(
    make_recorder: MakeRecorder, make_result: ResultMaker, tmp_path: Path, after: dict[str, object]
) -> None:
    recorder = make_recorder(RecordSettings())
    for i in range(5):
        recorder.put(make_result(sequence=i, time_ns=i * STEP_NS))
    later = {"sequence": 5, "time_ns": 5 * STEP_NS} | after
    recorder.put(make_result(**later))
    assert recorder.stop(PATIENCE_S)
    first, second = recorder.status.files
    assert len(times_ms(tmp_path / "out.mp4")) == 5
    assert (first.annotated, second.annotated) == (tmp_path / "out.mp4", tmp_path / "out-2.mp4")
    assert times_ms(tmp_path / "out-2.mp4") == [0.0]
    assert lines(tmp_path / "out-2.faces.jsonl")[0]["time_s"] == 0
    assert json.loads((tmp_path / "out.manifest.json").read_text("utf-8"))["complete"]


def test_the_pictures_of_a_folder_stay_together(
    make_recorder: MakeRecorder, make_result: ResultMaker, tmp_path: Path
) -> None:
    recorder = make_recorder(RecordSettings())
    for i in range(4):
        recorder.put(make_result(sequence=i, time_ns=i * 10**9, source=f"{i}.png", epoch=i))
    assert recorder.stop(PATIENCE_S)
    assert times_ms(tmp_path / "out.mp4") == pytest.approx([0, 1000, 2000, 3000])


def test_without_haste_everything_goes_into_one_file(
    make_recorder: MakeRecorder, make_result: ResultMaker, tmp_path: Path
) -> None:
    recorder = make_recorder(RecordSettings(), live=False)
    for i in range(200):  # more than the queue takes
        recorder.feed(make_result(sequence=i, time_ns=i * STEP_NS, epoch=i // 50))
    assert recorder.stop(PATIENCE_S)
    assert len(times_ms(tmp_path / "out.mp4")) == 200
    assert recorder.status.dropped == 0


def test_a_frame_that_is_shown_anew_is_recorded_once(
    make_recorder: MakeRecorder, make_result: ResultMaker, tmp_path: Path
) -> None:
    recorder = make_recorder(RecordSettings())
    for sequence in (0, 1, 1, 1, 2):
        recorder.put(make_result(sequence=sequence, time_ns=sequence * STEP_NS))
    assert recorder.stop(PATIENCE_S)
    assert len(times_ms(tmp_path / "out.mp4")) == 3
    assert recorder.status.dropped == 0


class _Gate:
    """Lets the record thread write only when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = threading.Event()
        write = Take.write

        def wait(take: Take, *arguments: object) -> None:
            assert self.open.wait(PATIENCE_S)
            write(take, *arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(Take, "write", wait)


def test_a_slow_encoder_works_less_says_so_and_only_then_are_frames_dropped(
    make_recorder: MakeRecorder,
    make_result: ResultMaker,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(recording, "QUEUE_FRAMES", 10)
    monkeypatch.setattr(recording, "PATIENCE_NS", 0)
    gate = _Gate(monkeypatch)
    changes: list[int] = []
    recorder = make_recorder(RecordSettings(), on_change=lambda: changes.append(1))
    assert recorder.put(make_result())
    until(lambda: bool(recorder.status.files))  # the first frame is being written
    taken = [recorder.put(make_result(sequence=i, time_ns=i * STEP_NS)) for i in range(1, 13)]
    assert taken == [True] * 10 + [False] * 2
    assert (recorder.status.dropped, recorder.status.waiting) == (2, 10)
    gate.open.set()
    assert recorder.stop(PATIENCE_S)
    assert "works less (ultrafast)" in recorder.status.note
    assert len(changes) >= 4
    assert len(times_ms(tmp_path / "out.mp4")) == 11
    manifest = json.loads((tmp_path / "out.manifest.json").read_text("utf-8"))
    assert (manifest["effort"], manifest["dropped"]) == ("ultrafast", 2)


def test_a_disk_that_is_nearly_full_ends_the_recording_in_good_order(
    make_recorder: MakeRecorder,
    make_result: ResultMaker,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    free = iter([50_000_000, 1_000_000])
    monkeypatch.setattr(recording, "_free", lambda _: next(free, 1_000_000))
    monkeypatch.setattr(recording, "LOOK_NS", 0)
    recorder = make_recorder(RecordSettings())
    for i in range(5):
        recorder.put(make_result(sequence=i, time_ns=i * STEP_NS))
    until(lambda: not recorder.status.running)
    assert "is full" in recorder.status.problem
    assert not recorder.put(make_result(sequence=9, time_ns=9 * STEP_NS))
    assert len(times_ms(tmp_path / "out.mp4")) == 2
    manifest = json.loads((tmp_path / "out.manifest.json").read_text("utf-8"))
    assert "is full" in manifest["problem"]


def test_a_write_that_fails_is_told_and_the_rest_is_kept(
    make_result: ResultMaker, tmp_path: Path
) -> None:
    full = tmp_path / "faces.jsonl"
    full.symlink_to("/dev/full")
    files = RecordFiles(annotated=tmp_path / "out.mp4", sidecar=full)

    def record() -> None:
        with Recorder(lambda *_: files, RecordSettings(), live=False) as recorder:
            for i in range(1000):
                recorder.feed(make_result(sequence=i, time_ns=i * STEP_NS))

    with pytest.raises(OutputError, match="no more room for faces"):
        record()
    assert times_ms(tmp_path / "out.mp4") == [0.0]


def test_files_that_cannot_be_made_are_told(make_result: ResultMaker, tmp_path: Path) -> None:
    files = RecordFiles(annotated=tmp_path / "none" / "out.mp4")
    recorder = Recorder(lambda *_: files, RecordSettings())
    with pytest.raises(OutputError, match="does not exist"), recorder:
        recorder.put(make_result())
    assert not recorder.status.running


def test_stopping_at_once_leaves_nothing_or_a_picture_that_plays(
    make_recorder: MakeRecorder, make_result: ResultMaker, tmp_path: Path
) -> None:
    assert make_recorder(RecordSettings()).stop(PATIENCE_S)
    assert list(tmp_path.iterdir()) == []
    recorder = make_recorder(RecordSettings())
    recorder.put(make_result())
    assert recorder.stop(PATIENCE_S)
    assert times_ms(tmp_path / "out.mp4") == [0.0]


def test_a_constant_rate_repeats_pictures(
    make_recorder: MakeRecorder, make_result: ResultMaker, tmp_path: Path
) -> None:
    recorder = make_recorder(RecordSettings(constant_rate=10.0))
    for i, time_ms in enumerate((0, 250, 1000)):
        recorder.put(make_result(sequence=i, time_ns=time_ms * 1_000_000, grey=60 * i))
    assert recorder.stop(PATIENCE_S)
    assert times_ms(tmp_path / "out.mp4") == pytest.approx([100 * i for i in range(11)], abs=0.1)
    assert len(lines(tmp_path / "out.faces.jsonl")) == 3  # each frame once, at its own time


def test_a_killed_recording_plays_and_its_sidecar_parses(tmp_path: Path) -> None:
    """Frames come unevenly in real time; SIGKILL strikes in the middle."""
    code = f"""
import itertools, os, sys, time
import numpy as np
from pathlib import Path
from app.core.frame import Frame
from app.record.places import files_in
from app.record.recorder import Recorder
from app.record.settings import RecordSettings
from app.vision.result import FrameResult
random = np.random.default_rng(0)
files = files_in(Path({str(tmp_path)!r}), "out", annotated=True, clean=False, sidecar=True,
                 table=True)
recorder = Recorder(lambda *_: files, RecordSettings())
recorder.start()
for i in itertools.count():
    now = time.monotonic_ns()
    image = random.integers(0, 256, (48, 64, 3), dtype=np.uint8)
    recorder.put(FrameResult(Frame(image, now, now, i, "test"), (), {{}}, "m", "d", now))
    print(now, flush=True)
    while recorder.status.waiting:  # a busy machine is no matter of this test
        time.sleep(0.001)
    time.sleep((0.005, 0.03, 0.07)[i % 3])
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        captured = [int(running.stdout.readline()) for _ in range(80)]
        running.kill()
        captured += [int(line) for line in running.stdout if line.strip().isdigit()]
    assert running.returncode == -signal.SIGKILL
    wanted = [(ns - captured[0]) / 1e6 for ns in captured]
    video = times_ms(tmp_path / "out.mp4")
    assert video == pytest.approx(wanted[: len(video)], abs=2.0)
    assert wanted[-1] - video[-1] < 1000
    rows = lines(tmp_path / "out.faces.jsonl")
    assert wanted[-1] - 1000 * rows[-1]["time_s"] < 1000
    manifest = json.loads((tmp_path / "out.manifest.json").read_text("utf-8"))
    assert manifest["complete"] is False


def test_a_picture_is_kept_no_longer_than_it_is_needed(
    make_recorder: MakeRecorder, make_result: ResultMaker
) -> None:
    recorder = make_recorder(live=False)
    pictures = []
    for number in range(3):
        result = make_result(time_ns=number * STEP_NS, sequence=number)
        pictures.append(weakref.ref(result.frame.image))
        recorder.feed(result)
        del result
    until(lambda: recorder.status.frames == 3)
    until(lambda: not any(picture() is not None for picture in pictures))


def test_a_picture_larger_than_players_take_is_shrunk_with_a_word(
    make_recorder: MakeRecorder,
) -> None:
    recorder = make_recorder(RecordSettings(what=What.CLEAN), live=False)
    frame = Frame(np.zeros((2400, 4400, 3), np.uint8), 0, 0, 0, "large")
    recorder.feed(
        FrameResult(frame=frame, faces=(), stages_ms={}, model="", detector="", finished_ns=0)
    )
    assert recorder.stop(PATIENCE_S)
    (files,) = recorder.status.files
    assert files.clean is not None
    with av.open(str(files.clean)) as container:
        stream = container.streams.video[0]
        size = f"{stream.width}×{stream.height}"
    assert recorder.status.note.startswith(f"The video is recorded in {size}: ")
