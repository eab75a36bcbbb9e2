import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.capture.clip import ClipSource
from app.capture.images import ImagesSource
from app.capture.live import LiveSource
from app.capture.source import Pace, SourceInfo, SourceOptions, local_path, open_source
from app.core.errors import SourceError

ClipMaker = Callable[..., Path]
NO_CAMERAS = SourceOptions(cameras=dict)
TWO_CAMERAS = SourceOptions(
    cameras=lambda: {"Integrated Webcam": "/dev/video0", "Studio Cam": "/dev/video2"}
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("0", "Camera 0"),
        (" 3 ", "Camera 3"),
        ("/dev/null", "/dev/null"),
        ("Studio Cam", "Studio Cam"),
        ("studio cam", "Studio Cam"),
        ("webcam", "Integrated Webcam"),
    ],
)
def test_numbers_names_and_device_paths_are_cameras(text: str, name: str) -> None:
    source = open_source(text, TWO_CAMERAS)
    assert isinstance(source, LiveSource)
    assert source.name == name
    assert source.live


def test_an_image_is_told_by_its_content_whatever_its_name(
    make_image: Callable[..., Path],
) -> None:
    path = make_image("face.png", np.zeros((4, 4, 3), np.uint8))
    odd = path.rename(path.with_suffix(".mp4"))
    assert isinstance(open_source(str(odd), NO_CAMERAS), ImagesSource)


def test_a_folder_is_a_source_of_images(tmp_path: Path) -> None:
    assert isinstance(open_source(str(tmp_path), NO_CAMERAS), ImagesSource)


def test_any_other_file_is_tried_as_a_clip(make_clip: ClipMaker) -> None:
    options = SourceOptions(pace=Pace.FAST, loop=True, cameras=dict)
    source = open_source(str(make_clip()), options)
    assert isinstance(source, ClipSource)
    assert source.pace is Pace.FAST
    assert source.loop


def test_file_urls_are_files(make_clip: ClipMaker) -> None:
    path = make_clip("with space.mp4")
    with open_source(path.as_uri(), NO_CAMERAS) as source:
        assert source.name == "with space.mp4"


@pytest.mark.parametrize(
    ("url", "kind", "name"),
    [
        ("rtsp://me:secret@cam.local:554/live?key=1", LiveSource, "rtsp://cam.local:554/live"),
        ("http://cam.local/video.mjpg", LiveSource, "http://cam.local/video.mjpg"),
        ("https://host/clip.mp4?token=1", ClipSource, "https://host/clip.mp4"),
    ],
)
def test_urls_are_streams_or_clips_and_show_no_password(url: str, kind: type, name: str) -> None:
    source = open_source(url, NO_CAMERAS)
    assert isinstance(source, kind)
    assert source.name == name


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://[x", "in brackets"),
        ("rtsp://me:sec@ret@[::1/x", "in brackets"),
        ("file://[x", "in brackets"),
        ("rtsp://", "can be no name"),
        ("http:///clip.mp4", "can be no name"),
        ("http://a..b/clip.mp4", "can be no name"),
        ("http://me:secret@a b/", "can be no name"),
        ("http://300.1.1.1/", "four numbers"),
        ("http://[::g]/", "in brackets"),
        ("http://host:99999/x", "port of 0 to 65535"),
        ("http://host:http/x", "port of 0 to 65535"),
    ],
)
def test_an_address_that_leads_nowhere_is_one_sentence_without_a_password(
    url: str, words: str
) -> None:
    with pytest.raises(SourceError, match=r"\.$") as refused:
        open_source(url, NO_CAMERAS)
    assert words in str(refused.value)
    assert "sec" not in str(refused.value)


@pytest.mark.parametrize("url", ["udp://:5000", "udp://@:5000", "srt://:9000?mode=listener"])
def test_an_address_without_a_host_may_wait_for_whoever_sends(url: str) -> None:
    assert isinstance(open_source(url, NO_CAMERAS), LiveSource)


def test_a_file_goes_before_a_camera_of_the_same_number(
    make_clip: ClipMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_clip().rename(tmp_path / "7")
    monkeypatch.chdir(tmp_path)
    assert isinstance(open_source("7", NO_CAMERAS), ClipSource)
    assert open_source("camera 7", NO_CAMERAS).name == "Camera 7"
    assert open_source("8", NO_CAMERAS).name == "Camera 8"


def test_spaces_may_belong_to_a_name(
    make_clip: ClipMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_clip().rename(tmp_path / " a.mp4 ")
    monkeypatch.chdir(tmp_path)
    assert open_source(" a.mp4 ", NO_CAMERAS).name == " a.mp4 "
    assert local_path(" a.mp4 ") == Path(" a.mp4 ")
    assert local_path(" b.mp4 ") == Path("b.mp4")


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="files in memory lie there on Linux")
def test_a_file_in_memory_is_no_camera(make_clip: ClipMaker) -> None:
    with tempfile.NamedTemporaryFile(dir="/dev/shm", suffix=".mp4") as file:
        file.write(make_clip().read_bytes())
        file.flush()
        assert isinstance(open_source(file.name, NO_CAMERAS), ClipSource)


@pytest.mark.parametrize("text", ["nothing.mp4", "", "  ", "cam", "x" * 5000, "a\0b"])
def test_what_means_nothing_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(SourceError, match="There is no file, camera or URL") as refusal:
        open_source(text, TWO_CAMERAS)
    assert "Integrated Webcam, Studio Cam" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_device_path_that_is_not_there_is_refused() -> None:
    with pytest.raises(SourceError, match="no camera at /dev/video99; no camera was found"):
        open_source("/dev/video99", NO_CAMERAS)


def test_info_in_one_line() -> None:
    info = SourceInfo(width=640, height=480, fps=29.97, fourcc="MJPG", backend="V4L2")
    assert info.summary == "640×480, 29.97 fps, MJPG, V4L2"
    assert SourceInfo(width=1, height=2).summary == "1×2"


def test_a_source_that_was_interrupted_does_not_open(make_clip: ClipMaker) -> None:
    source = open_source(str(make_clip()), NO_CAMERAS)
    source.interrupt()
    with pytest.raises(SourceError):
        source.open()
    source.close()


def test_choosing_a_source_loads_neither_opencv_nor_pyav() -> None:
    code = (
        "import sys, app.capture.source as s; print([m for m in ('cv2','av') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
