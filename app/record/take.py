"""One unbroken recording: its videos, sidecar, table and manifest together."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from app.core.claims import Claims
from app.core.frame import Frame
from app.record.encoding import EFFORTS
from app.record.manifest import Manifest
from app.record.output import Writer
from app.record.overlay import OverlayPainter
from app.record.places import RecordFiles
from app.record.quality import QUALITIES
from app.record.settings import RecordSettings
from app.record.sidecar import CsvWriter, LinesWriter, SidecarWriter, State
from app.record.steady import SteadySink
from app.record.video import VideoSink
from app.vision.result import FrameResult

LONGEST_STEP_NS = 1_500_000_000
"""Pictures of different names that follow each other within this are those of one folder."""


class _Moment(NamedTuple):
    """What is remembered of a frame; its picture may be large."""

    source: str
    epoch: int
    sequence: int
    time_ns: int
    width: int
    height: int

    @classmethod
    def of(cls, frame: Frame) -> _Moment:
        return cls(
            frame.source, frame.epoch, frame.sequence, frame.time_ns, frame.width, frame.height
        )


class Take(Writer):
    """Writes the results of one stretch of time into its files.

    Args:
        files: what is written.
        settings: how.
        about: further settings for the manifest, ready for JSON.

    Raises:
        OutputError: a file cannot be written, here or later.
    """

    def __init__(
        self, files: RecordFiles, settings: RecordSettings, about: Mapping[str, Any]
    ) -> None:
        files.check()
        self.files = files
        self.frames = 0
        self._settings = settings
        self._first: _Moment | None = None
        self._last: _Moment | None = None
        self._sinks: list[VideoSink] = []
        self._effort = EFFORTS[0]
        self._painter = OverlayPainter(settings.overlay)
        with ExitStack() as claims, ExitStack() as stack:
            claims.enter_context(Claims(files))
            self._stack = stack
            self._annotated = self._video(files.annotated)
            self._clean = self._video(files.clean)
            self._lines: list[LinesWriter] = []
            if files.sidecar is not None:
                self._lines.append(stack.enter_context(SidecarWriter(files.sidecar)))
            if files.table is not None:
                self._lines.append(stack.enter_context(CsvWriter(files.table)))
            self._manifest = None
            if files.manifest is not None:
                self._manifest = Manifest(files.manifest, files, settings, about)
            self._stack, self._claims = stack.pop_all(), claims.pop_all()

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        if self._first is None or self._last is None:
            return 0.0
        return (self._last.time_ns - self._first.time_ns) / 1e9

    def write(self, result: FrameResult, state: State | None = None) -> None:
        """Append a frame."""
        frame = result.frame
        if self._manifest is not None:
            self._manifest.note(result)
        if self._annotated is not None:
            self._annotated.write(self._painter.paint(result), frame.time_ns)
        if self._clean is not None:
            self._clean.write(frame.image, frame.time_ns)
        for lines in self._lines:
            lines.write(result, state)
        self._last = _Moment.of(frame)
        self._first = self._first or self._last
        self.frames += 1

    def repeats(self, frame: Frame) -> bool:
        """Whether the frame is the last one once more, as when a setting has changed."""
        last = self._last
        return last is not None and (frame.source, frame.epoch, frame.sequence, frame.time_ns) == (
            last.source,
            last.epoch,
            last.sequence,
            last.time_ns,
        )

    def continues_with(self, frame: Frame) -> bool:
        """Whether a frame lies on the same time line and has the same size."""
        last = self._last
        if last is None:
            return True
        step_ns = frame.time_ns - last.time_ns
        if (frame.width, frame.height) != (last.width, last.height) or step_ns <= 0:
            return False
        if frame.source == last.source:
            return frame.epoch == last.epoch
        return step_ns <= LONGEST_STEP_NS

    def lower_effort(self) -> str | None:
        """Let the encoders work less; the new effort, or None where there is none lower."""
        efforts = [sink.lower_effort() for sink in self._sinks]
        if not efforts or None in efforts:
            return None
        self._effort = efforts[0] or self._effort
        return self._effort

    def finish(self, **facts: object) -> None:
        """Close the files and tell the manifest how it ended."""
        with self._claims:
            try:
                self._stack.close()
            finally:
                if self._manifest is not None and self.frames:
                    self._manifest.complete(
                        frames=self.frames,
                        seconds=round(self.seconds, 6),
                        effort=self._effort,
                        **facts,
                    )

    def close(self) -> None:
        """See `Writer.close`; nothing is known of the end."""
        with self._claims:
            self._stack.close()

    def _video(self, path: Path | None) -> VideoSink | SteadySink | None:
        if path is None:
            return None
        sink = VideoSink(path, QUALITIES[self._settings.quality])
        self._sinks.append(sink)
        rate = self._settings.constant_rate
        if rate is None:
            return self._stack.enter_context(sink)
        return self._stack.enter_context(SteadySink(sink, rate))
