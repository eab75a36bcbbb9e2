"""Labels for a clip that has none: reference points frame by frame, marked as machine-made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self

import numpy as np

from app import __version__
from app.capture.clip import ClipSource
from app.capture.folder import folder_of_images
from app.capture.images import read_image
from app.core.errors import SourceError
from app.core.face import Box
from app.core.frame import Image
from app.core.layout import IBUG68
from app.core.openings import eye_aspect_ratios, mouth_aspect_ratio
from app.evaluate.attributes import Threshold
from app.evaluate.derive import face_attributes
from app.evaluate.label_file import FaceLabel, FrameLabels, LabelFile
from app.evaluate.labels import MACHINE, LabelError
from app.evaluate.matching import match
from app.evaluate.reference import ReferenceFace, ReferenceFaces
from app.vision.pose import PoseEstimator
from app.vision.settings import FIELD_OF_VIEW, MAX_FACES

MADE_BY: Final = (
    f"pfld-live {__version__} label: MediaPipe FaceMesh with attention, mean of picture and mirror "
    "image; pose fitted to the points"
)

DOUBTFUL = Threshold(
    0.08,
    "share of the eye distance",
    "picture and mirror image disagree by more on the worst 2 % of the training pictures",
)
_USUAL_OPENING: Final = 90
"""Percentile of a person's eye openings that counts as open: blinks and squints lie below."""
_REMEMBERED_S: Final = 1.0
"""Time for which a person who is out of sight keeps the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabellingSettings:
    """How a clip is labelled.

    Attributes:
        max_faces: faces in one frame at most.
        field_of_view_deg: horizontal angle of the camera; None where it is not known, and the
            default of the program is assumed for the pose.
    """

    max_faces: int = int(MAX_FACES.default)
    field_of_view_deg: float | None = None

    def __post_init__(self) -> None:
        MAX_FACES.check(self.max_faces)
        if self.field_of_view_deg is not None:
            FIELD_OF_VIEW.check(self.field_of_view_deg)


class ClipLabelling:
    """Labels a video or a folder of images frame by frame, for use in a `with` statement.

    Frames that have labels already are kept, so a labelling that was stopped can go on. Entering
    takes seconds: MediaPipe is imported.

    Args:
        media: the video file, or the folder of images.
        settings: how.
        known: labels that are there already; only frames without are labelled.
    """

    def __init__(
        self, media: Path, settings: LabellingSettings, *, known: LabelFile | None = None
    ) -> None:
        self._media, self._settings, self._known = media, settings, known
        folder = folder_of_images(media) if media.is_dir() else None
        self._images = folder.images if folder is not None else ()
        self._notes = [folder.note] if folder is not None and folder.note else []
        self._done: list[FrameLabels] = []
        self._fresh: list[int] = []
        self._sizes: set[tuple[int, int]] = set()
        self._persons = _Persons()
        self._pose = PoseEstimator(IBUG68)
        self._stack = ExitStack()
        self._source: ClipSource | None = None
        self.total: int | None = None

    def __enter__(self) -> Self:
        """Open the clip and start FaceMesh.

        Raises:
            PfldLiveError: the clip cannot be read.
        """
        with ExitStack() as stack:
            self._pictures = self._open(stack)
            self._reference = ReferenceFaces(max_faces=self._settings.max_faces)
            stack.callback(self._reference.close)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each thing that went wrong without ending the clip."""
        return tuple(self._notes) if self._source is None else self._source.problems

    @property
    def done(self) -> int:
        """Number of finished frames."""
        return len(self._done)

    def step(self) -> bool:
        """Label the next frame; False if there was none.

        Raises:
            PfldLiveError: the clip cannot be read on, or the known labels are not for it.
        """
        picture = next(self._pictures, None)
        known = self._known
        self._pass_over(self._length if picture is None else picture.number)
        number = len(self._done)
        if picture is None:
            if known is not None and number < len(known.frames):
                raise LabelError(
                    f"{self._media.name} has {number} frames, but labels for {len(known.frames)}: "
                    "they belong to another clip; move them away first."
                )
            self.total = number
            return False
        there = known.frames[number] if known is not None and number < len(known.frames) else None
        size = picture.image.shape[1], picture.image.shape[0]
        self._sizes.add(size)
        meant = None if known is None else known.size
        if meant is not None and meant != size:
            raise LabelError(
                f"The labels beside {self._media.name} are for pictures of {meant[0]}×{meant[1]} "
                "pixels: they belong to another clip; move them away first."
            )
        if there is not None and there.faces is not None:
            self._persons.see(there.faces, picture)
            if known is not None and known.truth == MACHINE and not there.corrected:
                # How far eyes are open depends on all frames, also those that come later.
                self._fresh.append(number)
            self._done.append(there)
            return True
        faces = []
        for face in self._reference.find(picture.image, near=self._persons.boxes(picture)):
            label = self._label(face, size)
            if label is not None:
                faces.append(label)
        named = self._persons.name(faces, picture)
        extra = {} if self._images else {"time_s": round(picture.time_s, 4)}
        self._fresh.append(number)
        self._done.append(FrameLabels(faces=named, extra=extra))
        return True

    @property
    def _length(self) -> int:
        return len(self._images) if self._source is None else self._source.length

    def _pass_over(self, number: int) -> None:
        """Frames before this one that could not be decoded keep their place, without labels."""
        known = () if self._known is None else self._known.frames
        while (place := len(self._done)) < number:
            self._done.append(known[place] if place < len(known) else FrameLabels(faces=None))

    def file(self) -> LabelFile:
        """The labels so far; frames that were not reached are not labelled."""
        frames = [*self._done]
        usual = _usual_openings(frames)
        for number in self._fresh:
            faces = tuple(_with_openings(face, usual) for face in frames[number].faces or ())
            frames[number] = replace(frames[number], faces=faces)
        later = self._known.frames[len(frames) :] if self._known is not None else ()
        unseen = max((self.total or 0) - len(frames) - len(later), 0)
        nothing = FrameLabels(faces=None)
        size = next(iter(self._sizes)) if len(self._sizes) == 1 else None
        angle = self._settings.field_of_view_deg
        file = self._known or LabelFile(
            clip=self._media.name, layout=IBUG68, frames=(), truth=MACHINE, made_by=MADE_BY
        )
        if angle is not None and size is not None:
            focal = size[0] / 2 / np.tan(np.radians(angle) / 2)
            file = replace(file, focal_px=round(float(focal), 3))
        return replace(file, size=size, frames=(*frames, *later, *[nothing] * unseen))

    def _open(self, stack: ExitStack) -> Iterator[_Picture]:
        if self._images:
            self.total = len(self._images)
            return self._stills()
        self._source = source = stack.enter_context(ClipSource(self._media))
        self.total = source.info.frames
        return (_Picture(f.image, f.sequence, f.time_s, moving=True) for f in source)

    def _stills(self) -> Iterator[_Picture]:
        for number, path in enumerate(self._images):
            try:
                read = read_image(path)
            except SourceError as error:
                reason = str(error).removesuffix("; choose another file.").removesuffix(".")
                self._notes.append(f"{reason}; it was left out.")
                continue
            self._notes.extend(read.notes)
            yield _Picture(read.image, number, 0.0, moving=False)

    def _label(self, seen: ReferenceFace, size: tuple[int, int]) -> FaceLabel | None:
        """The label of one face, or None where nothing could be measured against it."""
        points = np.round(seen.points, 2)
        width, height = size
        angle = self._settings.field_of_view_deg or FIELD_OF_VIEW.default
        x, y = points[:, 0], points[:, 1]
        outside = (x < -0.5) | (y < -0.5) | (x > width - 0.5) | (y > height - 0.5)
        label = FaceLabel(
            person=0,
            points=points,
            hidden=frozenset(np.flatnonzero(outside).tolist()),
            pose=self._pose.estimate(
                points.astype(np.float32), width=width, height=height, field_of_view_deg=angle
            ),
            extra={"disagreement": round(seen.disagreement, 4)},
        )
        if not IBUG68.eye_distance(points) > 0:  # so small that its eye corners coincide
            return None
        label.check(IBUG68)
        return replace(
            label,
            attributes=face_attributes(label, IBUG68, size=size, field_of_view_deg=angle),
        )


def doubtful_frames(file: LabelFile) -> list[int]:
    """Frames to look over first, since picture and mirror image disagree. Frames that a person
    has corrected are not among them.
    """
    return [
        number
        for number, frame in enumerate(file.frames)
        if not frame.corrected
        and any(face.extra.get("disagreement", 0) > DOUBTFUL.value for face in frame.faces or ())
    ]


@dataclass(frozen=True, eq=False, slots=True)
class _Picture:
    image: Image
    number: int
    time_s: float
    moving: bool


@dataclass(slots=True)
class _Persons:
    """Gives the faces of a clip numbers that stay with them.

    Attributes:
        last: person -> where and when the face was seen last.
        count: numbers given so far.
    """

    last: dict[int, tuple[Box, float]] = field(default_factory=dict)
    count: int = 0

    def see(self, faces: Sequence[FaceLabel], picture: _Picture) -> None:
        """Remember faces that have their numbers already."""
        self._forget(picture)
        for face in faces:
            self.last[face.person] = _box(face), picture.time_s
            self.count = max(self.count, face.person + 1)

    def boxes(self, picture: _Picture) -> list[Box]:
        """Where faces were a moment ago."""
        self._forget(picture)
        return [box for box, _ in self.last.values()]

    def name(self, faces: Sequence[FaceLabel], picture: _Picture) -> tuple[FaceLabel, ...]:
        """The faces with their numbers, by number; in images they have nothing in common."""
        self._forget(picture)
        people = list(self.last)
        pairs = match([self.last[person][0] for person in people], [_box(f) for f in faces])
        known = {index: people[place] for place, index in pairs.items()}
        named = []
        for index, face in enumerate(faces):
            if index not in known:
                known[index], self.count = self.count, self.count + 1
            named.append(replace(face, person=known[index]))
        self.see(named, picture)
        return tuple(sorted(named, key=lambda face: face.person))

    def _forget(self, picture: _Picture) -> None:
        if not picture.moving:
            self.last, self.count = {}, 0
            return
        self.last = {
            person: (box, time_s)
            for person, (box, time_s) in self.last.items()
            if picture.time_s - time_s <= _REMEMBERED_S
        }


def _box(face: FaceLabel) -> Box:
    return Box.around(face.points[~np.isnan(face.points).any(axis=1)])


def _usual_openings(frames: Sequence[FrameLabels]) -> dict[int, tuple[float, float]]:
    """Person -> eye aspect ratios of the left and right eye that count as open."""
    ratios: dict[int, list[tuple[float, float]]] = {}
    for frame in frames:
        for face in frame.faces or ():
            left, right = _eyes(face)
            ratios.setdefault(face.person, []).append((left, right))
    usual = {}
    for person, openings in ratios.items():
        left, right = (
            float(np.percentile(known, _USUAL_OPENING)) if known.size else 0.0
            for known in (side[np.isfinite(side)] for side in np.array(openings).T)
        )
        usual[person] = left, right
    return usual


def _with_openings(face: FaceLabel, usual: dict[int, tuple[float, float]]) -> FaceLabel:
    """The face with its eye states relative to what is usual for the person, and its mouth."""
    eyes = {}
    for side, ratio, whole in zip(
        ("left_open", "right_open"), _eyes(face), usual[face.person], strict=True
    ):
        if np.isfinite(ratio) and whole > 0:
            eyes[side] = round(min(ratio / whole, 1.0), 3)
    with np.errstate(divide="ignore", invalid="ignore"):
        mouth = float(mouth_aspect_ratio(face.points[None], IBUG68)[0])
    extra = {**face.extra, "eyes": eyes}
    if np.isfinite(mouth):
        extra["mouth_open"] = round(mouth, 3)
    return replace(face, extra=extra)


def _eyes(face: FaceLabel) -> tuple[float, float]:
    with np.errstate(divide="ignore", invalid="ignore"):
        left, right = eye_aspect_ratios(face.points[None], IBUG68)[0]
    return float(left), float(right)
