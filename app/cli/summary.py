"""What a run over a source comes down to."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.core.meters import Percentiles
from app.core.text import readable
from app.record.output import check_place, refusal
from app.vision.result import STAGES, FrameResult


@dataclass(slots=True)
class RunSummary:
    """Counts and times of the frames so far.

    Attributes:
        source: name of the source.
        seconds: wall time from the first frame to the last result.
        problems: what went wrong on the way, one sentence each.
    """

    source: str
    model: str = ""
    detector: str = ""
    frames: int = 0
    frames_with_face: int = 0
    max_faces: int = 0
    seconds: float = 0.0
    problems: Sequence[str] = ()
    _stages: dict[str, list[float]] = field(default_factory=dict)

    def add(self, result: FrameResult) -> None:
        """Count one more frame."""
        self.model, self.detector = result.model, result.detector
        self.frames += 1
        self.frames_with_face += bool(result.faces)
        self.max_faces = max(self.max_faces, len(result.faces))
        for stage, value in result.stages_ms.items():
            self._stages.setdefault(stage, []).append(value)

    @property
    def fps(self) -> float:
        """Frames a second of wall time, 0 for no frames."""
        return self.frames / self.seconds if self.seconds > 0 else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The summary as it stands in the JSON file; what was not measured is null."""
        return {
            "source": self.source,
            "model": self.model,
            "detector": self.detector,
            "frames": self.frames,
            "frames_with_face": self.frames_with_face,
            "max_faces": self.max_faces,
            "seconds": round(self.seconds, 3),
            "fps": round(self.fps, 2),
            "stages_ms": stages_as_dict(
                {stage: Percentiles.of(values) for stage, values in self._stages.items()}
            ),
            "problems": list(self.problems),
        }

    def as_text(self) -> str:
        """The summary for people."""
        share = 100 * self.frames_with_face / self.frames if self.frames else 0.0
        lines = [
            f"{self.source}: {self.frames} frames in {self.seconds:.1f} s ({self.fps:.1f} fps), "
            f"model {self.model}, detector {self.detector}",
            f"frames with a face: {self.frames_with_face} ({share:.1f} %), "
            f"at most {self.max_faces} at once",
        ]
        if self.frames and not self.frames_with_face:
            lines.append("No face was found in any frame.")
        lines.append("ms per stage (p50 / p95):")
        for stage, values in self.as_dict()["stages_ms"].items():
            p50, p95 = values["p50"], values["p95"]
            shown = "not run" if p50 is None else f"{p50:6.2f} / {p95:6.2f}"
            lines.append(f"  {stage:<10} {shown}")
        lines += [f"note: {problem}" for problem in self.problems]
        return "\n".join(lines)


def stages_as_dict(stages: Mapping[str, Percentiles]) -> dict[str, dict[str, float | None]]:
    """Every stage with p50 and p95 in milliseconds, null where it never ran."""
    nothing = Percentiles(math.nan, math.nan)
    return {
        stage: {
            "p50": _number(stages.get(stage, nothing).p50),
            "p95": _number(stages.get(stage, nothing).p95),
        }
        for stage in STAGES
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 3)


def write_json(path: Path, value: object) -> None:
    """Write a JSON file whole or not at all; into a link, pipe or device as it stands.

    Raises:
        OutputError: it cannot be written.
    """
    text = readable(json.dumps(value, indent=2, ensure_ascii=False)) + "\n"
    partial = path.with_name(path.name + ".part")
    try:
        check_place(path)
        if path.is_symlink() or (path.exists() and not path.is_file()):
            path.write_text(text, "utf-8")  # replaced, /dev/stdout would be gone for everybody
            return
        partial.write_text(text, "utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise refusal(path, error) from error
