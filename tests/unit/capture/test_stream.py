import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from app.capture.live import LiveSource, Patience
from app.capture.source import SourceState
from app.capture.stream import stream_source
from app.core.errors import SourceError


class MjpegServer(ThreadingHTTPServer):
    """A network camera that the test can silence."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), MjpegHandler)
        self.sends = True
        self.ends = False
        self.stalls = False
        self.repeats = False

    @property
    def url(self) -> str:
        return f"http://user:secret@127.0.0.1:{self.server_port}/video.mjpg"


class MjpegHandler(BaseHTTPRequestHandler):
    server: MjpegServer

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        random = np.random.default_rng(0)
        picture = random.integers(0, 256, (48, 64, 3), dtype=np.uint8)
        while self.server.sends and not self.server.ends:
            if self.server.stalls:
                time.sleep(0.01)
                continue
            if not self.server.repeats:
                picture = random.integers(0, 256, (48, 64, 3), dtype=np.uint8)
            data = cv2.imencode(".jpg", picture)[1].tobytes()
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
            try:
                self.wfile.write(head.encode() + data + b"\r\n")
            except OSError:
                return
            time.sleep(0.01)

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def server() -> Iterator[MjpegServer]:
    server = MjpegServer()
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield server
    server.ends = True
    server.shutdown()
    thread.join()
    server.server_close()


def test_pictures_of_the_network_arrive(server: MjpegServer) -> None:
    with stream_source(server.url) as source:
        frames = [frame for frame, _ in zip(source, range(3), strict=False)]
        assert source.info.fourcc == "mjpeg"
    assert all(f.image.shape == (48, 64, 3) for f in frames)
    assert "secret" not in source.name


def test_a_stream_that_ends_is_lost_and_opened_again(server: MjpegServer) -> None:
    patience = Patience(backoff_s=(0.1,))
    with stream_source(server.url, patience=patience) as source:
        server.sends = False
        seen = set()
        end = time.monotonic() + 5.0
        while SourceState.LOST not in seen and time.monotonic() < end:
            try:
                source.read(timeout_s=0.02)
            except TimeoutError:
                seen.add(source.condition.state)
        assert SourceState.LOST in seen
        server.sends = True
        while (frame := next(iter(source))).epoch == 0:
            pass
        assert source.condition.state is SourceState.RUNNING
    assert frame.epoch == 1


def test_an_address_without_a_server_is_refused(server: MjpegServer) -> None:
    url = f"http://127.0.0.1:{server.server_port}/clip.mjpg".replace(str(server.server_port), "9")
    with pytest.raises(SourceError, match="cannot be opened: Connection refused; check the addr"):
        stream_source(url).open()


def test_a_server_that_says_nothing_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.capture.stream.OPEN_TIMEOUT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/video.mjpg"
        with pytest.raises(SourceError, match="cannot be opened: it did not answer in time; check"):
            stream_source(url).open()


def test_silence_and_repetition_are_told_apart(server: MjpegServer) -> None:
    patience = Patience(stall_s=0.8, frozen_s=0.3, backoff_s=(0.1,))
    with stream_source(server.url, patience=patience) as source:
        source.read(2.0)
        server.stalls = True
        start = time.monotonic()
        _read_until_lost(source)
        assert time.monotonic() - start > 0.7
        server.stalls, server.repeats = False, True
        while next(iter(source)).epoch == 0:
            pass
        _read_until_lost(source)
        server.repeats = False
    first, second = source.problems
    assert first.endswith("has stopped sending pictures.")
    assert second.endswith("repeats one picture.")


def test_a_stream_has_a_patience_of_its_own(server: MjpegServer) -> None:
    with stream_source(server.url) as source:
        source.read(2.0)
        server.stalls = True
        start = time.monotonic()
        _read_until_lost(source)
        assert 3.8 < time.monotonic() - start < 4.8
    assert source.problems[0].endswith("has stopped sending pictures.")


def _read_until_lost(source: LiveSource) -> None:
    end = time.monotonic() + 8.0
    while source.condition.state is SourceState.RUNNING and time.monotonic() < end:
        with suppress(TimeoutError):
            source.read(timeout_s=0.02)
    assert source.condition.state in (SourceState.STALLED, SourceState.LOST)
