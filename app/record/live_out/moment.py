"""What there is to send of one frame."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.face import Face
from app.core.frame import Frame
from app.record.sidecar import State
from app.vision.result import FrameResult


@dataclass(frozen=True, eq=False, slots=True)
class Moment:
    """A frame with its place on the time line of the sender.

    Attributes:
        result: the frame and its faces.
        time_ns: since the first frame that was sent; it never falls.
        state: of the driver, None where it is not watched.
    """

    result: FrameResult
    time_ns: int
    state: State | None = None

    @property
    def main_face(self) -> Face | None:
        """The largest face, for protocols that know one head only."""
        return max(self.result.faces, key=lambda face: face.box.area, default=None)


class TimeLine:
    """Joins the time lines of sources: what plays again from its start goes on in time."""

    _USUAL_NS = 33_000_000

    def __init__(self) -> None:
        self._offset_ns: int | None = None
        self._last: tuple[str, int] | None = None
        self._now_ns = 0

    def at(self, frame: Frame) -> int:
        """Nanoseconds from the first frame to this one."""
        here = (frame.source, frame.epoch)
        if self._offset_ns is None:
            self._offset_ns = frame.time_ns
        elif here != self._last or frame.time_ns - self._offset_ns < self._now_ns:
            self._offset_ns = frame.time_ns - self._now_ns - self._USUAL_NS
        self._last = here
        self._now_ns = frame.time_ns - self._offset_ns
        return self._now_ns
