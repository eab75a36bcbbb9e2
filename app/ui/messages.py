"""What the state of the engine means in words for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from app.capture.source import SourceState
from app.ui.banner import Message, Severity

if TYPE_CHECKING:  # not needed before the engine runs
    from app.capture.grabber import CaptureStatus
    from app.vision.engine import EngineStatus

_TROUBLE: Final = frozenset({SourceState.STALLED, SourceState.REOPENING, SourceState.LOST})


def conditions(status: EngineStatus) -> tuple[Message, ...]:
    """The messages that are true of a status; one that no longer is goes by itself."""
    return tuple(_conditions(status))


def is_stale(status: EngineStatus) -> bool:
    """Whether the picture on the screen is no longer what the source shows."""
    return status.capture is not None and status.capture.state in _TROUBLE | {SourceState.FAILED}


def has_failed(status: EngineStatus) -> bool:
    """Whether the source has given up."""
    return status.capture is not None and status.capture.state is SourceState.FAILED


def note(status: EngineStatus) -> str:
    """What to say in the middle of the picture, or ""."""
    capture = status.capture
    if capture is not None and capture.state is SourceState.OPENING:
        return f"Opening {capture.source} …"
    return ""


def _conditions(status: EngineStatus) -> Iterator[Message]:
    if status.capture is not None:
        yield from _source_conditions(status.capture)
    loader = status.loader
    for key, problem in (
        ("model", loader.model_problem),
        ("detector", loader.detector_problem),
        ("vision", status.problem),
    ):
        if problem:
            yield Message(key, "error", problem)


def _source_conditions(capture: CaptureStatus) -> Iterator[Message]:
    if capture.message and capture.state is not SourceState.OPENING:
        severity: Severity = "info"
        if capture.state in _TROUBLE:
            severity = "warning"
        elif capture.state is SourceState.FAILED:
            severity = "error"
        yield Message("source", severity, capture.message)
    # What a camera lost and found again is over; what is missing from a file stays missing.
    if capture.problems and capture.can_seek:
        yield Message("damage", "warning", " ".join(capture.problems))
