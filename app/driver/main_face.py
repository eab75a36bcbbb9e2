"""Whose state is watched: the largest face, or the one that was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app.core.face import Face

# The face that is watched counts for so much more area, or two faces of one size would take turns.
_INCUMBENT: Final = 1.5
# Ids of lost faces come back within 1.5 s (app.vision.tracker); after this the choice is void.
_CHOICE_LASTS_S: Final = 5.0


class MainFace:
    """Picks one face per frame.

    Attributes:
        chosen: id of the face that somebody chose, None for the largest.
    """

    def __init__(self) -> None:
        self.chosen: int | None = None
        self._watched: int | None = None
        self._seen_s: float | None = None

    def choose(self, face_id: int | None) -> None:
        """Watch this face from now on, or the largest.

        A face that never came yet is waited for. Once it was seen and has been gone for 5 s, the
        choice is void.
        """
        self.chosen = self._watched = face_id
        self._seen_s = None

    def pick(self, faces: Sequence[Face], time_s: float) -> Face | None:
        """The main face of a frame; None where it is not there."""
        if self.chosen is not None:
            face = next((f for f in faces if f.id == self.chosen), None)
            if face is not None:
                self._seen_s = time_s
                return face
            if self._seen_s is None or time_s - self._seen_s < _CHOICE_LASTS_S:
                return None
            self.chosen = None
        if not faces:
            return None
        face = max(faces, key=self._weight)
        self._watched = face.id
        return face

    def _weight(self, face: Face) -> float:
        return face.box.area * (_INCUMBENT if face.id == self._watched else 1.0)
