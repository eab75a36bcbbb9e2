"""A video whose pictures follow each other at one rate, for programs that know nothing else."""

from __future__ import annotations

from fractions import Fraction

from app.core.frame import Image
from app.record.output import Writer
from app.record.settings import CONSTANT_RATE
from app.record.video import VideoSink

_NS: int = 1_000_000_000


class SteadySink(Writer):
    """Puts pictures with any times on the grid of a constant rate.

    Each step shows the newest picture that was taken by then, so movement keeps its speed. The
    last picture is written by `close`.

    Args:
        sink: takes the pictures; closed with this one.
        rate: pictures a second.

    Raises:
        PfldLiveError: the rate is out of its range.
    """

    def __init__(self, sink: VideoSink, rate: float) -> None:
        self._sink = sink
        self._step = 1 / Fraction(CONSTANT_RATE.check(rate)).limit_denominator(1001)
        self._first_ns = 0
        self._waiting: Image | None = None
        self._slot = 0

    def write(self, image: Image, time_ns: int) -> None:
        """Append a picture; see `VideoSink.write`."""
        if self._waiting is None:
            self._first_ns = time_ns
        slot = round((time_ns - self._first_ns) / _NS / self._step)
        if self._waiting is not None and slot < self._slot:  # a clip that begins again
            slot = self._slot + 1
            self._first_ns = time_ns - round(slot * self._step * _NS)
        while self._waiting is not None and self._slot < slot:
            self._emit(self._waiting)
        self._waiting = image

    def close(self) -> None:
        """Write the last picture and complete the file; may be called twice."""
        waiting, self._waiting = self._waiting, None
        try:
            if waiting is not None:
                self._emit(waiting)
        finally:
            self._sink.close()

    def _emit(self, image: Image) -> None:
        self._sink.write(image, round(self._slot * self._step * _NS))
        self._slot += 1
