"""Which files are let in as recordings, and how others are refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.capture.clip import ClipSource
from app.capture.formats import open_stream
from app.capture.source import SourceOptions, open_source
from app.core.errors import SourceError
from tests.unit.capture.coded import number_of, write_clip

NO_CAMERAS = SourceOptions(cameras=dict)


def test_pictures_of_an_unknown_coding_are_refused_in_a_sentence(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4")
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzz9"))
    with pytest.raises(SourceError, match=r"^clip\.mp4 is not .*: its pictures are coded in a way"):
        ClipSource(path).open()


def test_pictures_of_a_coding_that_nobody_films_in_are_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4")
    path.write_bytes(path.read_bytes().replace(b"avc1", b"mjp2"))
    with pytest.raises(SourceError, match=r"coded in a way that is not known \(jpeg2000\)"):
        ClipSource(path).open()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:2.4,\n{}\n#EXT-X-ENDLIST\n"),
        ("list.mp4", "ffconcat version 1.0\nfile {}\n"),
        ("list.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96"),
    ],
)
def test_a_file_never_leads_to_another_file_or_into_the_network(
    tmp_path: Path, name: str, text: str
) -> None:
    clip = write_clip(tmp_path / "other.ts")
    path = tmp_path / name
    path.write_text(text.format(clip))
    with pytest.raises(SourceError, match=r"is not a video that can be read: .*; choose another"):
        ClipSource(path).open()


@pytest.mark.parametrize("name", ["clip.mp4", "clip.ts"])
def test_a_picture_format_that_is_not_let_in_is_no_video_under_any_name(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name  # Sun raster, 2×2, uncompressed
    head = (0x59A66A95, 2, 2, 24, 12, 1, 0, 0)
    path.write_bytes(b"".join(n.to_bytes(4, "big") for n in head) + bytes(12))
    with pytest.raises(SourceError, match="is not a video that can be read"):
        ClipSource(path).open()


@pytest.mark.parametrize("name", ["clip.flv", "clip.mkv", "clip.ts", "clip.avi", "clip.mov"])
def test_usual_containers_are_let_in(tmp_path: Path, name: str) -> None:
    path = write_clip(tmp_path / name)
    with ClipSource(path) as clip:
        assert [number_of(f.image) for f in clip] == list(range(60))


def test_a_stream_whose_header_names_no_stream_can_be_opened(tmp_path: Path) -> None:
    """FLV: options that PyAV hands to streams ended the program here."""
    path = write_clip(tmp_path / "clip.flv", numbers=range(250))
    code = (
        "import http.server, threading, sys, functools\n"
        "class Quiet(http.server.SimpleHTTPRequestHandler):\n"
        "    def log_message(self, *a): pass\n"
        "server = http.server.ThreadingHTTPServer(('127.0.0.1', 0),\n"
        "    functools.partial(Quiet, directory=sys.argv[1]))\n"
        "threading.Thread(target=server.serve_forever, daemon=True).start()\n"
        "from app.capture.stream import StreamDevice\n"
        "device = StreamDevice(f'http://127.0.0.1:{server.server_port}/clip.flv')\n"
        "print(device.read()[0].shape)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path.parent)], capture_output=True, text=True, timeout=60
    )
    assert (done.stdout.strip(), done.returncode) == ("(64, 256, 3)", 0), done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
@pytest.mark.timeout(20)
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    pipe = tmp_path / "f.mp4"
    os.mkfifo(pipe)
    for open_it in (lambda: open_source(str(pipe), NO_CAMERAS), lambda: ClipSource(pipe).open()):
        with pytest.raises(SourceError, match=r"^f\.mp4 is a pipe, not a file, .*: save the"):
            open_it()


def test_a_stream_may_come_over_the_network_alone(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.ts")
    with pytest.raises((OSError, ValueError)):
        open_stream(f"file:{path}", timeout_s=(2.0, 2.0))
