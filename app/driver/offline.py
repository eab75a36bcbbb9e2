"""A whole clip at once: the driver is learned from all of it before it is judged."""

from __future__ import annotations

from collections.abc import Sequence

from app.driver.baseline import Baseline, learn_baseline
from app.driver.measures import FaceMeasures
from app.driver.monitor import DriverMonitor
from app.driver.session import SessionLog
from app.driver.settings import DriverSettings
from app.driver.state import BaselineSource


def follow_clip(
    measures: Sequence[FaceMeasures],
    settings: DriverSettings,
    *,
    baseline: Baseline | None = None,
) -> tuple[SessionLog, DriverMonitor]:
    """Judge what was measured over a clip, as `DriverMonitor` would have live.

    Without a baseline the clip itself teaches one, as nobody can be asked to look ahead and to
    shut the eyes; where it is too short for that, everything stays unknown.

    Args:
        measures: of all frames, in order, such as `FaceWatch` gives.
        settings: the thresholds.
        baseline: of the driver, from a profile.
    """
    source = BaselineSource.PROFILE
    if baseline is None:
        baseline, source = learn_baseline(measures, settings), BaselineSource.CLIP
    monitor = DriverMonitor(settings, baseline=baseline, source=source)
    log = SessionLog()
    for moment in measures:
        log.add(monitor.add(moment))
    log.add_events(monitor.finish())
    return log, monitor
