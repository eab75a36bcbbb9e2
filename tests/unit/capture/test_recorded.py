"""Addresses: what leads to a recording, and what to something live."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.capture.clip import ClipSource
from app.capture.live import LiveSource
from app.capture.source import SourceOptions, open_source
from tests.unit.capture.coded import number_of, write_clip

NO_CAMERAS = SourceOptions(cameras=dict)


class Shelf(ThreadingHTTPServer):
    """Serves the files of a folder under /how/file: by `ranges`, in one `piece`, or `live`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), ShelfHandler)
        self.folder = folder
        self.ends = False

    def url(self, place: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{place}"


class ShelfHandler(BaseHTTPRequestHandler):
    server: Shelf

    def do_GET(self) -> None:
        _, how, name = self.path.split("?")[0].split("/")
        data = next(self.server.folder.glob(f"{name}*")).read_bytes()
        asked = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        first = int(asked[1]) if asked and how == "ranges" else 0
        if first >= len(data):
            self.send_error(416)
            return
        self.send_response(206 if asked and how == "ranges" else 200)
        if how == "ranges":
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
            self.send_header("Accept-Ranges", "bytes")
        if how != "live":
            self.send_header("Content-Length", str(len(data) - first))
        self.end_headers()
        try:
            self.wfile.write(data[first:])
            while how == "live" and not self.server.ends:
                self.wfile.write(data)
                time.sleep(0.01)
        except OSError:
            return

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    server = Shelf(tmp_path)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield server
    server.ends = True
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("how", ["ranges", "piece"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_a_recording_is_one_whatever_its_address_ends_in(
    shelf: Shelf, tmp_path: Path, suffix: str, how: str
) -> None:
    write_clip(tmp_path / f"view{suffix}")
    with open_source(shelf.url(f"{how}/view?id=7"), NO_CAMERAS) as source:
        assert isinstance(source, ClipSource)
        frames = list(source)
    assert [number_of(f.image) for f in frames] == list(range(60))
    assert [round(f.time_s * 25) for f in frames] == list(range(60))


def test_a_recording_behind_an_address_can_be_sought(shelf: Shelf, tmp_path: Path) -> None:
    write_clip(tmp_path / "view.mp4")
    with open_source(shelf.url("ranges/view"), NO_CAMERAS) as source:
        assert isinstance(source, ClipSource)
        source.seek(41 / 25)
        found = source.read()
    assert found is not None
    assert (found.sequence, number_of(found.image)) == (41, 41)


@pytest.mark.parametrize("name", ["live/view", "live/view.ts"])
def test_what_has_neither_end_nor_length_is_live(shelf: Shelf, tmp_path: Path, name: str) -> None:
    write_clip(tmp_path / "view.ts")
    assert isinstance(open_source(shelf.url(name), NO_CAMERAS), LiveSource)


def test_a_server_that_does_not_answer_is_taken_by_the_name(shelf: Shelf) -> None:
    closed = "http://127.0.0.1:9"
    assert isinstance(open_source(f"{closed}/clip.mp4?key=1", NO_CAMERAS), ClipSource)
    assert isinstance(open_source(f"{closed}/camera", NO_CAMERAS), LiveSource)
