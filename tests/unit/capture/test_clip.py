import itertools
import struct
import time
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from app.capture.clip import ClipSource
from app.capture.source import Pace, SourceState
from app.core.errors import SourceError
from app.core.frame import Frame

ClipMaker = Callable[..., Path]

UNEVEN_MS = (0, 33, 100, 110, 400, 410, 700, 1000, 1010, 1020)


def level(index: int) -> int:
    """Brightness of picture `index` of a clip made by `make_clip`."""
    return 20 + (index * 37) % 200


def brightness(frame: Frame) -> float:
    return float(frame.image.mean())


def test_every_picture_comes_once_and_in_order(make_clip: ClipMaker) -> None:
    with ClipSource(make_clip()) as clip:
        frames = list(clip)
    assert [f.sequence for f in frames] == list(range(30))
    assert all(abs(brightness(f) - level(f.sequence)) < 4 for f in frames)
    assert clip.problems == ()


def test_times_of_a_variable_rate_are_exact(make_clip: ClipMaker) -> None:
    with ClipSource(make_clip(times_ms=UNEVEN_MS)) as clip:
        times_ms = [f.time_ns / 1e6 for f in clip]
    assert times_ms == pytest.approx(UNEVEN_MS, abs=0.001)


def test_time_counts_from_the_first_picture(make_clip: ClipMaker) -> None:
    late = [5000 + t for t in range(0, 400, 40)]
    with ClipSource(make_clip("late.mkv", times_ms=late)) as clip:
        assert [round(f.time_s, 3) for f in clip] == [round(t / 1000 - 5, 3) for t in late]


def test_info_says_what_the_file_says(make_clip: ClipMaker) -> None:
    with ClipSource(make_clip()) as clip:
        info = clip.info
    assert (info.width, info.height, info.frames) == (64, 48, 30)
    assert info.fps == pytest.approx(25.0)
    assert info.duration_s == pytest.approx(1.2, abs=0.05)
    assert info.fourcc == "h264"


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.avi", "clip.ts"])
def test_seeking_is_exact_in_every_container(make_clip: ClipMaker, name: str) -> None:
    with ClipSource(make_clip(name, b_frames=0)) as clip:
        frames = list(clip)
        for wanted in (17, 3, 29, 0, 12, 11):
            clip.seek(frames[wanted].time_s)
            found = clip.read()
            assert found is not None
            assert found.sequence == wanted
            assert found.time_ns == frames[wanted].time_ns
            assert np.array_equal(found.image, frames[wanted].image)


def test_seeking_between_pictures_shows_the_one_on_screen_then(make_clip: ClipMaker) -> None:
    with ClipSource(make_clip(times_ms=UNEVEN_MS)) as clip:
        for time_s, wanted in ((0.05, 1), (0.399, 3), (0.4, 4), (99.0, 9), (-1.0, 0)):
            clip.seek(time_s)
            found = clip.read()
            assert found is not None
            assert found.sequence == wanted


def test_after_a_seek_the_clip_goes_on_from_there_in_a_new_epoch(make_clip: ClipMaker) -> None:
    with ClipSource(make_clip()) as clip:
        first = clip.read()
        clip.seek(0.8)
        rest = list(clip)
    assert first is not None
    assert [f.sequence for f in rest] == list(range(20, 30))
    assert {f.epoch for f in rest} == {first.epoch + 1}


def test_stepping_moves_by_one_picture_in_both_directions(make_clip: ClipMaker) -> None:
    with ClipSource(make_clip(), pace=Pace.REAL_TIME) as clip:
        seen = []
        for pictures in (1, 1, 1, -1, -1, 1, 1, 10, -5):
            clip.step(pictures)
            frame = clip.read(timeout_s=1.0)
            assert frame is not None
            seen.append(frame.sequence)
    assert seen == [0, 1, 2, 1, 0, 1, 2, 12, 7]


def test_paused_clip_gives_nothing_until_it_goes_on(make_clip: ClipMaker) -> None:
    with ClipSource(make_clip()) as clip:
        clip.read()
        clip.pause()
        assert clip.condition.state is SourceState.PAUSED
        with pytest.raises(TimeoutError):
            clip.read(timeout_s=0.05)
        clip.resume()
        frame = clip.read()
    assert frame is not None
    assert (frame.sequence, frame.epoch) == (1, 0)


def test_loop_begins_again_in_a_new_epoch(make_clip: ClipMaker) -> None:
    with ClipSource(make_clip(), loop=True) as clip:
        frames = list(itertools.islice(clip, 65))
    assert [f.sequence for f in frames] == [i % 30 for i in range(65)]
    assert [f.epoch for f in frames] == [i // 30 for i in range(65)]


def test_at_the_end_it_stays_and_can_be_played_again(make_clip: ClipMaker) -> None:
    with ClipSource(make_clip()) as clip:
        list(clip)
        assert clip.read() is None
        assert clip.condition.state is SourceState.ENDED
        clip.step(-1)
        back = clip.read()
        clip.resume()
        list(clip)
        clip.resume()
        again = clip.read()
    assert back is not None
    assert back.sequence == 28
    assert again is not None
    assert again.sequence == 0


def test_real_time_frames_come_when_they_are_due(make_clip: ClipMaker) -> None:
    with ClipSource(make_clip(times_ms=(0, 50, 200, 250, 400)), pace=Pace.REAL_TIME) as clip:
        frames = list(clip)
    zero_ns = frames[0].arrived_ns
    for frame in frames:
        delay_ms = (frame.arrived_ns - zero_ns - frame.time_ns) / 1e6
        assert -1.0 < delay_ms < 60.0


def test_real_time_reader_that_is_slow_misses_pictures_but_keeps_the_clock(
    make_clip: ClipMaker,
) -> None:
    clip = ClipSource(make_clip(times_ms=tuple(range(0, 1500, 20))), pace=Pace.REAL_TIME)
    with clip:
        start = time.monotonic()
        sequences = []
        for frame in clip:
            sequences.append(frame.sequence)
            time.sleep(0.06)
        spent_s = time.monotonic() - start
    assert sequences == sorted(sequences)
    assert 5 < len(sequences) < 60
    assert spent_s == pytest.approx(1.5, abs=0.4)


def test_interrupt_ends_a_wait_at_once(make_clip: ClipMaker) -> None:
    with ClipSource(make_clip(times_ms=(0, 60_000)), pace=Pace.REAL_TIME) as clip:
        clip.read()
        clip.interrupt()
        start = time.monotonic()
        with pytest.raises(TimeoutError):
            clip.read()
        assert time.monotonic() - start < 0.1


def test_a_turned_clip_is_shown_upright(make_clip: ClipMaker) -> None:
    path = make_clip()
    data = bytearray(path.read_bytes())
    matrix = data.find(b"tkhd") + 44
    data[matrix : matrix + 36] = struct.pack(
        ">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 48 << 16, 0, 1 << 30
    )
    path.write_bytes(data)
    with ClipSource(path) as clip:
        frame = clip.read()
        assert (clip.info.width, clip.info.height) == (48, 64)
    assert frame is not None
    assert frame.image.shape == (64, 48, 3)


def test_truncated_clip_delivers_what_is_there_and_says_so(make_clip: ClipMaker) -> None:
    path = make_clip(times_ms=tuple(range(0, 4000, 40)), size=(320, 240))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    with ClipSource(path) as clip:
        frames = list(clip)
        assert 20 < len(frames) < 100
        assert clip.read() is None
        assert any("clip.mp4 ends early" in p for p in clip.problems)


def test_damage_in_the_middle_is_left_out_and_said(make_clip: ClipMaker) -> None:
    path = make_clip(times_ms=tuple(range(0, 2000, 40)), size=(320, 240), b_frames=0)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    path.write_bytes(data)
    with ClipSource(path) as clip:
        frames = list(clip)
        assert 20 < len(frames) <= 50
        said = clip.problems
        assert len(said) >= 1
        clip.resume()  # after the end: from the start
        assert len(list(clip)) == len(frames)
        assert clip.problems == said


def test_clip_cut_before_its_index_is_refused(make_clip: ClipMaker, tmp_path: Path) -> None:
    path = make_clip()
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(SourceError, match=r"clip\.mp4 is not a video that can be read"):
        ClipSource(path).open()


@pytest.mark.parametrize("name", ["notes.mp4", "notes.txt", "notes.avi"])
def test_text_is_no_video(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("Buy milk.\n" * 50)
    with pytest.raises(SourceError, match=f"^{name} is not a video that can be read: .*; choose"):
        ClipSource(path).open()


def test_empty_file_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "zero.mp4"
    path.touch()
    with pytest.raises(SourceError, match=r"^zero\.mp4 is empty; choose another file\.$"):
        ClipSource(path).open()


def test_sound_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        sound.sample_rate = 44100
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    with pytest.raises(SourceError, match="no moving pictures"):
        ClipSource(path).open()


def test_a_clip_that_vanished_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.mp4 is not a video"):
        ClipSource(tmp_path / "gone.mp4").open()


def test_clip_of_another_writer_has_times_too(tmp_path: Path) -> None:
    path = tmp_path / "cv.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 20.0, (64, 48))
    for i in range(10):
        writer.write(np.full((48, 64, 3), level(i), np.uint8))
    writer.release()
    with ClipSource(path) as clip:
        frames = list(clip)
        assert [round(f.time_s, 3) for f in frames] == [round(i / 20, 3) for i in range(10)]
        clip.seek(0.31)
        found = clip.read()
    assert found is not None
    assert found.sequence == 6


def test_nothing_is_printed_about_damage(
    make_clip: ClipMaker, capfd: pytest.CaptureFixture[str]
) -> None:
    path = make_clip(times_ms=tuple(range(0, 4000, 40)), size=(320, 240))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.8)])
    with ClipSource(path) as clip:
        list(clip)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["12:30.mp4", "100%d.mp4", "-i.mp4", "ü 顔 🙂.mp4"])
def test_strange_names_are_opened(
    make_clip: ClipMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    make_clip(name)
    monkeypatch.chdir(tmp_path)
    with ClipSource(Path(name)) as clip:
        assert len(list(clip)) == 30
        assert clip.name == name
