"""Pictures from the network: rtsp, http, udp and whatever else FFmpeg understands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from app._av import av
from app.capture.av_errors import reason
from app.capture.formats import open_stream, pictures
from app.capture.live import LiveSource, Patience
from app.capture.shown import Appearance
from app.capture.source import SourceInfo, without_secrets
from app.core.clock import now_ns
from app.core.errors import SourceError
from app.core.frame import Image

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

OPEN_TIMEOUT_S: Final = 10.0
READ_TIMEOUT_S: Final = 5.0

PATIENCE_S: Final = 4.0
"""How long a stream may send nothing, or nothing new, before it is opened again."""


def stream_source(
    url: str, *, give_up_s: float | None = None, patience: Patience | None = None
) -> LiveSource:
    """A live stream that is watched and opened again when it is lost.

    Args:
        url: address; user name and password in it are used, but never shown.
        give_up_s: see `SourceOptions`.
        patience: how long to wait for what; `give_up_s` goes before its own.
    """
    # A network pauses more readily than a cable: a second of silence is no loss yet.
    usual = Patience(
        stall_s=PATIENCE_S, frozen_s=PATIENCE_S, first_picture_s=10.0, give_up_s=give_up_s
    )
    return LiveSource(
        without_secrets(url),
        lambda: StreamDevice(url),
        patience=patience or usual,
        remedy="check the address and the network, or choose another source.",
    )


class StreamDevice:
    """One opened stream; see `LiveDevice`. A picture's time is that of its arrival.

    Raises:
        SourceError: it cannot be opened or holds no video.
    """

    def __init__(self, url: str) -> None:
        try:
            self._container = open_stream(url, timeout_s=(OPEN_TIMEOUT_S, READ_TIMEOUT_S))
        except (av.FFmpegError, OSError, ValueError) as error:
            raise SourceError(reason(error)) from error
        try:
            stream, choice = pictures(self._container)
        except SourceError:
            self._container.close()
            raise
        self._stream = stream
        self._look = Appearance.of(stream)
        rate = stream.average_rate or stream.guessed_rate
        self.info = SourceInfo(
            width=stream.codec_context.width,
            height=stream.codec_context.height,
            fps=float(rate) if rate else None,
            fourcc=stream.codec_context.name,
            backend="PyAV",
            notes=tuple(note for note in (choice, self._look.note) if note),
        )
        self._frames: Iterator[VideoFrame] = self._container.decode(stream)

    def read(self) -> tuple[Image, int] | None:
        """See `LiveDevice.read`."""
        try:
            frame = next(self._frames, None)
        except (av.FFmpegError, OSError) as error:
            raise SourceError(f"{reason(error)}.") from error
        if frame is None:
            raise SourceError("the stream has ended.")
        arrived_ns = now_ns()
        # A stream may say only with its pictures how they are to be shown, and change it.
        look = Appearance.of(self._stream)
        if look != self._look:
            self._look = look
        return self._look.image(frame), arrived_ns

    def release(self) -> None:
        """See `LiveDevice.release`."""
        self._container.close()
