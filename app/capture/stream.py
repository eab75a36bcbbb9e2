"""Pictures from the network: rtsp, http, udp and whatever else FFmpeg understands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from app._av import av
from app.capture.av_errors import reason
from app.capture.live import LiveSource, Patience
from app.capture.source import SourceInfo, without_secrets
from app.core.clock import now_ns
from app.core.errors import SourceError
from app.core.frame import Image

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

OPEN_TIMEOUT_S: Final = 10.0
READ_TIMEOUT_S: Final = 5.0


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
    usual = Patience(stall_s=4.0, first_picture_s=10.0, give_up_s=give_up_s)
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
        options = {"rtsp_transport": "tcp", "fflags": "nobuffer"}
        if not url.lower().startswith("rtsp"):
            del options["rtsp_transport"]
        try:
            self._container = av.open(
                url, options=options, timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S)
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            raise SourceError(reason(error)) from error
        if not self._container.streams.video:
            self._container.close()
            raise SourceError("it holds no video")
        stream = self._container.streams.video[0]
        rate = stream.average_rate or stream.guessed_rate
        self.info = SourceInfo(
            width=stream.codec_context.width,
            height=stream.codec_context.height,
            fps=float(rate) if rate else None,
            fourcc=stream.codec_context.name,
            backend="PyAV",
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
        return np.asarray(frame.to_ndarray(format="bgr24"), dtype=np.uint8), now_ns()

    def release(self) -> None:
        """See `LiveDevice.release`."""
        self._container.close()
