import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from app.capture.clip import ClipSource
from app.core.errors import OutputError
from app.core.frame import Image
from app.record.encoding import EFFORTS, next_encoder
from app.record.quality import QUALITIES
from app.record.video import MOST_PIXELS, VideoSink, video_size

UNEVEN_MS = (0, 33, 100, 110, 400, 410, 700, 1000, 2500, 2510)


def picture(value: int = 90, size: tuple[int, int] = (64, 48)) -> Image:
    return np.full((size[1], size[0], 3), value, np.uint8)


def read(path: Path) -> list[tuple[float, Image]]:
    with ClipSource(path) as clip:
        frames = [(f.time_ns / 1e6, f.image) for f in clip]
        assert clip.problems == ()
    return frames


@pytest.mark.parametrize("name", ["out.mp4", "out.m4v", "out.mov", "out.mkv", "OUT.MP4"])
def test_pictures_come_back_with_their_true_times(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with VideoSink(path) as sink:
        for i, time_ms in enumerate(UNEVEN_MS):
            sink.write(picture(20 + 20 * i), 7_000_000_000 + time_ms * 1_000_000)
        assert sink.frames == len(UNEVEN_MS)
        assert sink.seconds == pytest.approx(2.51)
    frames = read(path)
    assert [t for t, _ in frames] == pytest.approx(UNEVEN_MS, abs=1.0)
    for i, (_, image) in enumerate(frames):
        assert abs(float(image.mean()) - (20 + 20 * i)) < 4


def test_it_is_h264_that_browsers_play(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with VideoSink(path) as sink:
        for i in range(40):
            sink.write(picture(), i * 33_000_000)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.format.name == "yuv420p"
        assert stream.frames == 40
        assert float(stream.duration * stream.time_base) == pytest.approx(40 * 0.033, abs=0.002)


def test_colours_survive(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    colours = [(200, 40, 40), (40, 200, 40), (40, 40, 200), (255, 255, 255), (0, 0, 0)]
    with VideoSink(path) as sink:
        for i, colour in enumerate(colours):
            sink.write(np.full((48, 64, 3), colour, np.uint8), i * 40_000_000)
    for (_, image), colour in zip(read(path), colours, strict=True):
        assert image.mean(axis=(0, 1)) == pytest.approx(colour, abs=6)


@pytest.mark.parametrize(
    ("size", "written"),
    [((65, 49), (66, 50)), ((64, 49), (64, 50)), ((1, 1), (16, 16)), ((640, 2), (640, 16))],
)
def test_odd_and_tiny_sizes_are_rounded_up(
    tmp_path: Path, size: tuple[int, int], written: tuple[int, int]
) -> None:
    path = tmp_path / "out.mp4"
    with VideoSink(path) as sink:
        sink.write(picture(120, size), 0)
    ((_, image),) = read(path)
    assert (image.shape[1], image.shape[0]) == written


def test_a_picture_beyond_the_limit_of_h264_is_shrunk(tmp_path: Path) -> None:
    with VideoSink(tmp_path / "wide.mp4") as sink:
        sink.write(np.full((100, 20_000, 3), 200, np.uint8), 0)
    with av.open(str(tmp_path / "wide.mp4")) as container:
        (frame,) = container.decode(video=0)
    assert (frame.width, frame.height) == (16_384, 82)
    assert frame.to_ndarray(format="bgr24").mean() == pytest.approx(200, abs=4)


def test_a_video_is_no_larger_than_players_take() -> None:
    assert video_size(3840, 2160) == (3840, 2160)
    assert video_size(4096, 2304) == (4096, 2304)
    for size in ((7680, 4320), (4320, 7680), (9000, 9000)):
        width, height = video_size(*size)
        assert 0.98 * MOST_PIXELS < width * height <= 1.001 * MOST_PIXELS
        assert width / height == pytest.approx(size[0] / size[1], rel=2e-3)


def test_a_repeated_edge_leaves_the_picture_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    image = picture(0, (65, 49))
    image[:, 40:] = 255
    with VideoSink(path) as sink:
        sink.write(image, 0)
    ((_, found),) = read(path)
    assert np.abs(found[:49, :65].astype(int) - image).mean() < 4


def test_pictures_of_another_size_are_fitted_in(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with VideoSink(path) as sink:
        sink.write(picture(100, (64, 48)), 0)
        sink.write(picture(200, (48, 96)), 40_000_000)
    _, (_, second) = read(path)
    assert second.shape == (48, 64, 3)
    assert abs(float(second[:, 28:36].mean()) - 200) < 6
    assert second[:, :12].mean() < 6


def test_time_that_jumps_back_goes_on_one_picture_later(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with VideoSink(path) as sink:
        for time_ms in (0, 40, 80, 0, 40, 40):
            sink.write(picture(), time_ms * 1_000_000)
    assert [t for t, _ in read(path)] == pytest.approx([0, 40, 80, 120, 160, 200], abs=1.0)


def test_the_encoder_works_less_in_the_middle_of_a_video(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    random = np.random.default_rng(0)
    with VideoSink(path) as sink:
        efforts = []
        for i in range(30):
            if i in (10, 20, 25):
                efforts.append(sink.lower_effort())
            image = picture(4 * i)
            image[:24] = random.integers(0, 256, (24, 64, 3), dtype=np.uint8)
            sink.write(image, i * 40_000_000)
    assert efforts == ["superfast", "ultrafast", None]
    frames = read(path)
    assert [t for t, _ in frames] == pytest.approx([40 * i for i in range(30)], abs=1.0)
    for i, (_, image) in enumerate(frames):
        assert abs(float(image[30:].mean()) - 4 * i) < 5


@pytest.mark.parametrize("size", [(64, 48), (1280, 720)])
def test_all_efforts_write_the_same_headers(size: tuple[int, int]) -> None:
    headers = {
        next_encoder(
            size=size, time_base=Fraction(1, 90_000), quality=quality, effort=effort
        ).extradata
        for effort in EFFORTS
        for quality in QUALITIES.values()
    }
    assert len(headers) == 1


def test_better_pictures_make_larger_files(tmp_path: Path) -> None:
    sizes = []
    random = np.random.default_rng(0)
    noise = [random.integers(0, 256, (48, 64, 3), dtype=np.uint8) for _ in range(10)]
    for name, quality in QUALITIES.items():
        path = tmp_path / f"{name}.mp4"
        with VideoSink(path, quality) as sink:
            for i, image in enumerate(noise):
                sink.write(image, i * 40_000_000)
        sizes.append(path.stat().st_size)
    assert sizes == sorted(sizes)
    assert sizes[0] < 0.8 * sizes[-1]


def test_one_picture_makes_a_video(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with VideoSink(path) as sink:
        sink.write(picture(), 123)
    assert len(read(path)) == 1
    with av.open(str(path)) as container:
        assert container.duration > 0


def test_nothing_recorded_leaves_nothing_behind(tmp_path: Path) -> None:
    with VideoSink(tmp_path / "out.mp4") as sink:
        assert sink.frames == 0
    assert list(tmp_path.iterdir()) == []


def test_what_was_recorded_before_an_error_plays(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"

    def record() -> None:
        with VideoSink(path) as sink:
            for i in range(5):
                sink.write(picture(), i * 40_000_000)
            raise KeyError

    with pytest.raises(KeyError):
        record()
    assert len(read(path)) == 5


@pytest.mark.parametrize("name", ["ü 顔 🙂 #1.mp4", "12:30.mp4", "100%d.mp4", "-i.mp4"])
def test_strange_names_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(name)
    with VideoSink(path) as sink:
        sink.write(picture(), 0)
    assert len(read(path)) == 1


@pytest.mark.parametrize("name", ["out.png", "out", "out.mp4.txt", "out.avi"])
def test_a_strange_suffix_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match=r"is no name for a video; use one of \.mp4"):
        VideoSink(tmp_path / name)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist; make it first"):
        VideoSink(tmp_path / "none" / "out.mp4")


def test_a_folder_that_may_not_be_written_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The permission bits themselves do not bind an administrator, who may run this test.
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(OutputError, match="may not be written to; choose another place"):
        VideoSink(tmp_path / "out.mp4")


def test_a_closed_video_is_not_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    with VideoSink(path) as sink:
        sink.write(picture(), 0)
    written = path.read_bytes()
    with pytest.raises(RuntimeError, match="closed"):
        sink.write(picture(), 40_000_000)
    sink.close()
    assert path.read_bytes() == written


def test_a_full_disk_is_said_once_and_closing_is_quiet(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    path.symlink_to("/dev/full")
    sink = VideoSink(path)

    def record() -> None:
        for i in range(500):
            sink.write(picture(i % 256), i * 40_000_000)

    with pytest.raises(OutputError, match=r"There is no more room for out\.mp4"):
        record()
    sink.close()


def test_a_disk_that_fills_up_leaves_what_was_recorded(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    code = f"""
import resource, numpy as np
from pathlib import Path
from app.core.errors import OutputError
from app.record.video import VideoSink
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
random = np.random.default_rng(0)
sink = VideoSink(Path({str(path)!r}))
try:
    for i in range(1000):
        sink.write(random.integers(0, 256, (240, 320, 3), dtype=np.uint8), i * 100_000_000)
except OutputError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "There is no more room for out.mp4" in done.stdout, done.stderr
    with ClipSource(path) as clip:
        assert len(list(clip)) >= 1


def test_a_killed_program_leaves_a_video_that_plays(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    code = f"""
import os, signal, numpy as np
from pathlib import Path
from app.record.video import VideoSink
random = np.random.default_rng(0)
sink = VideoSink(Path({str(path)!r}))
for i in range(100):
    sink.write(random.integers(0, 256, (48, 64, 3), dtype=np.uint8), i * 40_000_000)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    with ClipSource(path) as clip:
        frames = list(clip)
    assert frames[-1].time_s > 99 * 0.04 - 0.5
    assert [round(f.time_s, 3) for f in frames] == [round(i * 0.04, 3) for i in range(len(frames))]
