"""What is known of the faces of a recorded clip: points, poses and attributes as arrays.

Readers of label files build `Labels` with a `LabelsBuilder`, which refuses what cannot be used.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from app.core.errors import PfldLiveError
from app.core.layout import LandmarkLayout
from app.core.untrusted import FARTHEST_PX, UnusableError, shown
from app.evaluate.attributes import ATTRIBUTES, Flags
from app.evaluate.metrics import Errors

Numbers = npt.NDArray[np.int32]


class LabelError(PfldLiveError):
    """A label file is missing, broken, or belongs to another clip."""


def broken(path: Path, problem: str, line: int | None = None) -> LabelError:
    """The error for a label file.

    Args:
        path: the file.
        problem: what is wrong, without a full stop.
        line: where, counted from 1; None where it concerns the whole file.
    """
    name = shown(path.name)
    place = name if line is None else f"{name}, line {line}"
    return LabelError(f"{place}: {problem}; correct the label file.")


def unreadable(path: Path, error: OSError | UnusableError) -> LabelError:
    """The error for a label file that `app.core.untrusted` does not read."""
    if isinstance(error, UnusableError):
        return broken(path, str(error), error.line)
    return LabelError(f"{shown(path.name)} cannot be read: {error.strerror}; choose another file.")


NEAREST_EYES_PX: Final = 1e-3
"""Outer eye corners closer than this are no face: errors are divided by their distance."""
MOST_PERSON: Final = 2**31 - 1
"""Largest number of a person, as the arrays of `Labels` hold it."""
MACHINE: Final = "machine"
"""`LabelOrigin.truth` of labels that a program has guessed."""
HAND: Final = "hand"
"""`LabelOrigin.truth` of labels that people have set."""
RENDERED: Final = "rendered"
"""`LabelOrigin.truth` of labels that are exact, since the pictures were made from them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelOrigin:
    """Where labels come from, which decides how far they can be believed.

    Attributes:
        truth: `MACHINE`, `HAND` or `RENDERED`; "" where the labels do not say.
        made_by: who or what labelled, for people; may be empty.
        frames: number of frames that somebody or something has looked at.
        corrected: how many of them a person has corrected.
    """

    truth: str = ""
    made_by: str = ""
    frames: int = 0
    corrected: int = 0

    def in_words(self) -> str:
        """A sentence, or "" where nothing is known."""
        known = {MACHINE: "made by a machine", HAND: "set by hand", RENDERED: "exact (rendered)"}
        how = known.get(self.truth, self.truth)
        if not how:
            return ""
        by = f" ({self.made_by})" if self.made_by and self.truth == MACHINE else ""
        after = (
            f", {self.corrected} of {self.frames} frames corrected by hand"
            if self.corrected
            else ", not looked over by anybody"
            if self.truth == MACHINE
            else ""
        )
        return f"The labels are {how}{by}{after}."


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Labels:
    """All labelled faces of one clip, by frame; L faces of N points.

    Attributes:
        layout: what each point means.
        labelled: (T,) True for the frames that somebody has looked at; a face that is predicted
            in another frame is neither right nor wrong.
        frame: (L,) number of the frame, from 0, rising.
        person: (L,) the same number for the same person.
        points: (L, N, 2) float32, frame pixels; NaN where a point is not labelled.
        hidden: (L, N) points behind another thing.
        pose: (L, 3) yaw, pitch, roll in degrees; NaN where unknown.
        attributes: (L, 6) in the order of `ATTRIBUTES`.
        has_attributes: (L,) False where further attributes still have to be derived.
    """

    layout: LandmarkLayout
    labelled: npt.NDArray[np.bool_]
    frame: Numbers
    person: Numbers
    points: npt.NDArray[np.float32]
    hidden: npt.NDArray[np.bool_]
    pose: Errors
    attributes: Flags
    has_attributes: npt.NDArray[np.bool_]

    @property
    def frames(self) -> int:
        """Number of frames from the first to the last one that is labelled."""
        return len(self.labelled)

    def until(self, frame: int, row: int) -> Labels:
        """The first frames and rows alone, as views of the arrays."""
        return Labels(
            layout=self.layout,
            labelled=self.labelled[:frame],
            frame=self.frame[:row],
            person=self.person[:row],
            points=self.points[:row],
            hidden=self.hidden[:row],
            pose=self.pose[:row],
            attributes=self.attributes[:row],
            has_attributes=self.has_attributes[:row],
        )

    def only(self, seen: npt.NDArray[np.bool_]) -> Labels:
        """These labels as if nobody had looked at the other frames.

        Args:
            seen: (T,) True for the frames that keep their faces.
        """
        kept = seen[self.frame]
        return Labels(
            layout=self.layout,
            labelled=self.labelled & seen,
            frame=self.frame[kept],
            person=self.person[kept],
            points=self.points[kept],
            hidden=self.hidden[kept],
            pose=self.pose[kept],
            attributes=self.attributes[kept],
            has_attributes=self.has_attributes[kept],
        )

    def rows_by_frame(self) -> list[tuple[int, int]]:
        """For each frame the first of its rows and the one after its last."""
        numbers = np.arange(self.frames)
        first = np.searchsorted(self.frame, numbers, side="left")
        last = np.searchsorted(self.frame, numbers, side="right")
        return list(zip(first.tolist(), last.tolist(), strict=True))


class LabelsBuilder:
    """Collects faces in the order of their frames."""

    def __init__(self, layout: LandmarkLayout) -> None:
        self._layout = layout
        self._frame: list[int] = []
        self._person: list[int] = []
        self._points: list[npt.NDArray[np.float32]] = []
        self._hidden: list[npt.NDArray[np.bool_]] = []
        self._pose: list[tuple[float, float, float]] = []
        self._attributes: list[list[bool]] = []
        self._has_attributes: list[bool] = []

    def add(
        self,
        *,
        frame: int,
        person: int,
        points: npt.NDArray[np.float64],
        hidden: list[int] | None = None,
        pose: tuple[float, float, float] | None = None,
        attributes: list[str] | None = None,
        derive_others: bool = False,
    ) -> None:
        """Note one face.

        Args:
            frame: not below that of the face before.
            person: not twice in a frame.
            points: (N, 2); NaN where a point is not labelled.
            hidden: indices of the hidden points.
            pose: yaw, pitch, roll in degrees.
            attributes: names of `ATTRIBUTES`; None where they have to be derived.
            derive_others: attributes that are not named may hold, too.

        Raises:
            ValueError: something cannot be used; the text says what, without a full stop.
        """
        layout = self._layout
        check_points(points, layout)
        flags = np.zeros(layout.count, bool)
        for index in hidden or ():
            if not 0 <= index < layout.count:
                raise ValueError(f"hidden point {index} does not exist in {layout.name}")
            flags[index] = True
        for name in attributes or ():
            if name not in ATTRIBUTES:
                raise ValueError(f"attribute {name!r} is none of {', '.join(ATTRIBUTES)}")
        self._frame.append(frame)
        self._person.append(person)
        self._points.append(points.astype(np.float32))
        self._hidden.append(flags)
        self._pose.append(pose or (np.nan, np.nan, np.nan))
        self._attributes.append([name in (attributes or ()) for name in ATTRIBUTES])
        self._has_attributes.append(attributes is not None and not derive_others)

    def build(self, labelled: npt.NDArray[np.bool_]) -> Labels:
        """The labels; `labelled` (T,) says which frames somebody has looked at."""
        amount, count = len(self._frame), self._layout.count
        return Labels(
            layout=self._layout,
            labelled=labelled,
            frame=np.array(self._frame, np.int32),
            person=np.array(self._person, np.int32),
            points=np.array(self._points, np.float32).reshape(amount, count, 2),
            hidden=np.array(self._hidden, bool).reshape(amount, count),
            pose=np.array(self._pose, np.float64).reshape(amount, 3),
            attributes=np.array(self._attributes, bool).reshape(amount, len(ATTRIBUTES)),
            has_attributes=np.array(self._has_attributes, bool),
        )


def check_points(points: npt.NDArray[np.float64], layout: LandmarkLayout) -> None:
    """Make sure that points can be measured against.

    Raises:
        ValueError: there are too few or too many, one lies far outside of every picture, or the
            outer eye corners are missing or coincide; the text says what, without a full stop.
    """
    if points.shape != (layout.count, 2):
        raise ValueError(
            f"a face of layout {layout.name} needs {layout.count} points, got {len(points)}"
        )
    if np.isinf(points).any() or (np.isnan(points[:, 0]) != np.isnan(points[:, 1])).any():
        raise ValueError("a coordinate is not a number")
    if (np.abs(points) > FARTHEST_PX).any():
        raise ValueError(f"a coordinate lies farther away than {FARTHEST_PX:,.0f} pixels")
    if np.isnan(points[list(layout.outer_eye_corners)]).any():
        raise ValueError("the outer eye corners are not labelled, which errors are measured by")
    # In the numbers that errors are measured with, where close points may fall together.
    if not layout.eye_distance(points.astype(np.float32)) >= NEAREST_EYES_PX:
        raise ValueError("the outer eye corners coincide")
