"""The moments of events: collected when they are over, forgotten when there are too many."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from app.driver.state import DriverEvent
from app.record.moments import LAST_S, Moment, MomentMemory
from app.ui.driver.words import LISTED

if TYPE_CHECKING:
    from collections.abc import Callable

BEFORE_S: Final = 2.0
AFTER_S: Final = 1.0
"""What belongs to a moment besides the event itself."""

MOST_BYTES: Final = 48 * 1024 * 1024
"""Of all moments together; the oldest lose their pictures first."""

_LONGEST_S: Final = LAST_S - 2.0
"""A longer event is shown by its beginning."""


class Keepsakes:
    """Takes events as they are told and the memory they are cut from."""

    def __init__(
        self, memory: MomentMemory, on_moment: Callable[[DriverEvent, Moment], None]
    ) -> None:
        """Begin empty.

        Args:
            memory: of the last seconds.
            on_moment: called with an event when its moment is complete.
        """
        self._memory = memory
        self._on_moment = on_moment
        self._pending: dict[int, DriverEvent] = {}
        self._kept: dict[int, Moment] = {}

    def add(self, events: Iterable[DriverEvent]) -> None:
        """Take events, or new tellings of them."""
        for event in events:
            if event.kind in LISTED and event.id not in self._kept:
                self._pending[event.id] = event

    def collect(self, now_s: float, *, over: bool = False) -> None:
        """Cut out the moments that are complete by now.

        Args:
            now_s: session time.
            over: no more pictures come; what is there has to do.
        """
        for event in list(self._pending.values()):
            end_s = min(event.end_s, event.start_s + _LONGEST_S - BEFORE_S - AFTER_S) + AFTER_S
            long = now_s >= event.start_s + _LONGEST_S - BEFORE_S
            if over or long or (not event.ongoing and now_s >= end_s):
                del self._pending[event.id]
                self._keep(event, self._memory.between(event.start_s - BEFORE_S, end_s))

    def moment(self, event_id: int) -> Moment | None:
        """The pictures of an event; None where they are forgotten or not there yet."""
        pending = self._pending.get(event_id)
        if pending is not None:
            found = self._memory.between(pending.start_s - BEFORE_S, pending.start_s + _LONGEST_S)
        else:
            found = self._kept.get(event_id, Moment())
        return found if found.jpegs else None

    @property
    def size(self) -> int:
        """Bytes of all moments."""
        return sum(moment.size for moment in self._kept.values())

    def _keep(self, event: DriverEvent, moment: Moment) -> None:
        self._kept[event.id] = moment
        room = MOST_BYTES - self.size
        for old in list(self._kept):
            if room >= 0 or old == event.id:
                break
            room += self._kept[old].size
            self._kept[old] = Moment()
        self._on_moment(event, moment)
