"""Labels that a person corrects, with undo and redo. Knows no window."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.core.layout import LandmarkLayout
from app.evaluate.attributes import ATTRIBUTES
from app.evaluate.label_file import FaceLabel, FrameLabels, LabelFile, LabelPoints
from app.evaluate.labels import LabelError

HISTORY: Final = 1000
"""Edits that can be undone; each keeps a few kilobytes."""

_DERIVED: Final = {"eyes": ("left_eye", "right_eye"), "mouth_open": ("outer_lips", "inner_lips")}
"""What else a label says -> the groups of points that it was measured on."""


@dataclass(frozen=True, eq=False, slots=True)
class Edit:
    """One thing that was done, as a user thinks of it.

    Attributes:
        words: what it was, for menus: "Move point 37".
        before, after: number of the frame -> its labels.
        gesture: edits of one gesture, such as a drag, are one step; None is no gesture.
        state: number of the state that it leads to.
    """

    words: str
    before: dict[int, FrameLabels]
    after: dict[int, FrameLabels]
    gesture: int | None
    state: int


class LabelEditor:
    """The labels of a clip, edit by edit. Not for use from several threads.

    Faces are named by their frame and person. Every edit of a frame marks it as corrected.
    `file` is a value that never changes, so another thread can write it:

        state, file = editor.state, editor.file
        write_label_file(path, file)            # on any thread
        editor.mark_saved(state)                # back on the owner's
    """

    def __init__(self, file: LabelFile) -> None:
        self._file = file
        self._frames = list(file.frames)
        self._done: deque[Edit] = deque(maxlen=HISTORY)
        self._undone: list[Edit] = []
        self._last_state = 0
        self._base_state = 0
        self._saved_state = 0

    @property
    def layout(self) -> LandmarkLayout:
        """What each point means."""
        return self._file.layout

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self._frames)

    @property
    def file(self) -> LabelFile:
        """The labels as they are now."""
        return replace(self._file, frames=tuple(self._frames))

    @property
    def state(self) -> int:
        """A number that changes with every edit and comes back when that is undone."""
        return self._done[-1].state if self._done else self._base_state

    @property
    def modified(self) -> bool:
        """Whether there are edits that were not saved."""
        return self.state != self._saved_state

    def mark_saved(self, state: int) -> None:
        """Note that the labels of this `state` are in the file."""
        self._saved_state = state

    @property
    def corrected(self) -> int:
        """Number of frames that a person has corrected."""
        return sum(frame.corrected for frame in self._frames)

    def frame(self, frame: int) -> FrameLabels:
        """The labels of a frame.

        Raises:
            IndexError: there is no such frame.
        """
        if not 0 <= frame < len(self._frames):
            raise IndexError(f"there is no frame {frame}")
        return self._frames[frame]

    def face(self, frame: int, person: int) -> FaceLabel:
        """The label of one face.

        Raises:
            KeyError: nobody is labelled as that person in the frame.
        """
        for face in self.frame(frame).faces or ():
            if face.person == person:
                return face
        raise KeyError(f"frame {frame} has no person {person}")

    def set_point(
        self, frame: int, person: int, point: int, x: float, y: float, *, gesture: int | None = None
    ) -> None:
        """Put a point somewhere else, in frame pixels.

        Args:
            frame: its number.
            person: whose point.
            point: index in the layout.
            x: to the right.
            y: down.
            gesture: any number that is the same for all moves of one drag; they are undone
                together.

        Raises:
            LabelError: the face could not be measured against any more.
        """
        points = self.face(frame, person).points.copy()
        points[point] = (x, y)
        words = f"Move point {point + 1}"
        self._set_points(frame, person, points, [point], words, gesture)

    def move_points(
        self,
        frame: int,
        person: int,
        points: Sequence[int],
        dx: float,
        dy: float,
        *,
        gesture: int | None = None,
    ) -> None:
        """Shift several points, such as a whole face, by so many pixels; see `set_point`."""
        moved = self.face(frame, person).points.copy()
        moved[list(points)] += (dx, dy)
        self._set_points(frame, person, moved, points, f"Move {len(points)} points", gesture)

    def set_hidden(self, frame: int, person: int, points: Iterable[int], hidden: bool) -> None:
        """Say of points whether another thing covers them, or they lie outside the picture."""
        face = self.face(frame, person)
        chosen = set(points)
        flags = face.hidden | chosen if hidden else face.hidden - chosen
        words = "Hide points" if hidden else "Show points"
        self._set_face(frame, replace(face, hidden=frozenset(flags)), words)

    def set_attributes(self, frame: int, person: int, names: Iterable[str]) -> None:
        """Say which attributes a face has, all at once.

        Raises:
            LabelError: one of them does not exist.
        """
        face = replace(self.face(frame, person), attributes=frozenset(names))
        self._set_face(frame, face, "Set attributes")

    def set_attribute(self, frames: Iterable[int], person: int, name: str, has: bool) -> None:
        """Say for a person in several frames whether an attribute holds, as one step.

        Frames without the person stay as they are. So do faces whose attributes are still to be
        derived: what else would hold of them is not known.

        Raises:
            LabelError: the attribute does not exist.
        """
        if name not in ATTRIBUTES:
            raise LabelError(f"There is no attribute {name!r}; choose of {', '.join(ATTRIBUTES)}.")
        changes = {}
        for number in frames:
            for face in self.frame(number).faces or ():
                if face.person != person or face.attributes is None:
                    continue
                names = face.attributes | {name} if has else face.attributes - {name}
                if names != face.attributes:
                    changes[number] = self._with_face(number, replace(face, attributes=names))
        self._apply(f"{'Set' if has else 'Clear'} {name}", changes)

    def remove_face(self, frame: int, person: int) -> None:
        """Take a face out of a frame."""
        gone = self.face(frame, person)
        faces = tuple(face for face in self.frame(frame).faces or () if face is not gone)
        now = replace(self.frame(frame), faces=faces, corrected=True)
        self._apply("Remove face", {frame: now})

    def add_face(self, frame: int, face: FaceLabel) -> None:
        """Put a face into a frame, such as that of the frame before.

        Raises:
            LabelError: the person is there already, or the face cannot be measured against.
        """
        faces = self.frame(frame).faces or ()
        if any(other.person == face.person for other in faces):
            raise LabelError(f"Person {face.person} is in frame {frame} already; choose another.")
        self._check(face)
        faces = tuple(sorted((*faces, face), key=lambda other: other.person))
        now = replace(self.frame(frame), faces=faces, corrected=True)
        self._apply("Add face", {frame: now})

    def set_corrected(self, frames: Iterable[int], corrected: bool) -> None:
        """Say of frames whether a person has put them right, or found them right as they are."""
        changes = {
            number: replace(self.frame(number), corrected=corrected)
            for number in frames
            if self.frame(number).corrected != corrected
        }
        self._apply("Mark as corrected" if corrected else "Mark as not corrected", changes)

    @property
    def undo_words(self) -> str:
        """What `undo` would take back, or ""."""
        return self._done[-1].words if self._done else ""

    @property
    def redo_words(self) -> str:
        """What `redo` would do again, or ""."""
        return self._undone[-1].words if self._undone else ""

    def undo(self) -> tuple[int, ...]:
        """Take the last edit back; returns the frames that it concerns, () if there was none."""
        if not self._done:
            return ()
        edit = self._done.pop()
        self._undone.append(edit)
        return self._put(edit.before)

    def redo(self) -> tuple[int, ...]:
        """Do again what was undone last; returns as `undo` does."""
        if not self._undone:
            return ()
        edit = self._undone.pop()
        self._done.append(edit)
        return self._put(edit.after)

    def _set_points(
        self,
        frame: int,
        person: int,
        points: LabelPoints,
        moved: Sequence[int],
        words: str,
        gesture: int | None,
    ) -> None:
        face = self.face(frame, person)
        touched = {name for name, of in self.layout.groups.items() if not set(moved).isdisjoint(of)}
        # What was measured on the old points is not known of the new ones.
        stale = {key for key, groups in _DERIVED.items() if touched.intersection(groups)}
        extra = {key: value for key, value in face.extra.items() if key not in stale}
        self._set_face(frame, replace(face, points=points, extra=extra), words, gesture)

    def _set_face(
        self, frame: int, face: FaceLabel, words: str, gesture: int | None = None
    ) -> None:
        self._check(face)
        self._apply(words, {frame: self._with_face(frame, face)}, gesture)

    def _with_face(self, frame: int, face: FaceLabel) -> FrameLabels:
        """The labels of a frame with one face in the place of the one it comes from."""
        old = self.frame(frame)
        faces = tuple(face if f.person == face.person else f for f in old.faces or ())
        return replace(old, faces=faces, corrected=True)

    def _check(self, face: FaceLabel) -> None:
        try:
            face.check(self.layout)
        except ValueError as error:
            raise LabelError(f"That is not possible: {error}.") from error

    def _apply(self, words: str, after: dict[int, FrameLabels], gesture: int | None = None) -> None:
        if not after:
            return
        before = {number: self._frames[number] for number in after}
        last = self._done[-1] if self._done else None
        if last is not None and gesture is not None and last.gesture == gesture:
            # The drag goes on: what was there before it is still what undoing gives back.
            self._done.pop()
            before, after = before | last.before, last.after | after
        elif len(self._done) == HISTORY:
            self._base_state = self._done[0].state
        self._last_state += 1
        self._done.append(Edit(words, before, after, gesture, self._last_state))
        self._undone.clear()
        self._put(after)

    def _put(self, frames: dict[int, FrameLabels]) -> tuple[int, ...]:
        for number, labels in frames.items():
            self._frames[number] = labels
        return tuple(sorted(frames))
