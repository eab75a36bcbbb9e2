"""One datagram of JSON for each frame."""

from __future__ import annotations

from app.record.live_out.moment import Moment
from app.record.sidecar import as_line, frame_record


def encode(moment: Moment) -> list[bytes]:
    """The line that stands in a sidecar, as UTF-8 with its end of line."""
    record = frame_record(moment.result, moment.state, moment.time_ns)
    return [as_line(record).encode("utf-8")]
