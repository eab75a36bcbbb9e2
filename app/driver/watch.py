"""From the results of the vision stage to the measures of one driver on one time line."""

from __future__ import annotations

from app.driver.main_face import MainFace
from app.driver.measures import FaceMeasures, measure
from app.vision.result import FrameResult

# A cut between two pictures that do not belong together: longer than any gap that is bridged.
_CUT_S = 1.001


class FaceWatch:
    """Picks the main face of each result and measures it.

    Times are session time: 0 at the first frame, going on over seeks, loops and other sources.
    Where the picture jumps back or the source changes, a second of unknown time is put between.

    Attributes:
        main_face: whose state is watched; `main_face.choose(id)` changes that.
    """

    def __init__(self) -> None:
        self.main_face = MainFace()
        self._line: tuple[str, int] | None = None
        self._offset_s = 0.0
        self._last_s = 0.0

    def measures(self, result: FrameResult) -> FaceMeasures:
        """Measure the main face of the next result."""
        frame = result.frame
        time_s = self._session_s(frame.time_s, (frame.source, frame.epoch))
        face = self.main_face.pick(result.faces, time_s)
        if face is None:
            return FaceMeasures(time_s=time_s)
        return measure(face, time_s=time_s, width=frame.width, height=frame.height)

    def _session_s(self, time_s: float, line: tuple[str, int]) -> float:
        if self._line is None:
            self._offset_s = -time_s
        elif line != self._line:
            back = time_s + self._offset_s < self._last_s
            if back or line[0] != self._line[0]:
                self._offset_s = self._last_s + _CUT_S - time_s
        self._line = line
        self._last_s = max(time_s + self._offset_s, self._last_s)
        return self._last_s
