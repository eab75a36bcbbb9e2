"""What can only be measured where the picture is painted."""

from __future__ import annotations

from app.core.clock import now_ns
from app.core.meters import Percentiles, RateMeter, StageMeter
from app.ui.picture import Picture


class ViewMeters:
    """Shown pictures a second, their age when they are painted, and the cost of painting."""

    def __init__(self) -> None:
        self._rate = RateMeter()
        self._stages = StageMeter()
        self.shown = 0

    def painted(self, *, started_ns: int, fresh: Picture | None) -> None:
        """Note one paint event that ends now.

        Args:
            started_ns: monotonic clock at its start.
            fresh: the picture, if this was its first time on the screen.
        """
        ended_ns = now_ns()
        times = {"paint": (ended_ns - started_ns) / 1e6}
        if fresh is not None:
            self.shown += 1
            self._rate.tick(ended_ns)
            times["prepare"] = fresh.prepared_ms
            times["latency"] = (ended_ns - fresh.result.frame.arrived_ns) / 1e6
        self._stages.add(times)

    def shown_fps(self) -> float:
        """Different pictures on the screen a second."""
        return self._rate.rate(now_ns())

    def paint_ms(self) -> Percentiles:
        """Duration of a paint event in the GUI thread."""
        return self._stages.of("paint")

    def prepare_ms(self) -> Percentiles:
        """Duration of drawing a picture with its overlay, on its own thread."""
        return self._stages.of("prepare")

    def latency_ms(self) -> Percentiles:
        """Time from the arrival of a frame to the end of its first painting."""
        return self._stages.of("latency")

    def clear(self) -> None:
        """Forget the durations, as after a change of source."""
        self._stages.clear()
