"""The teacher: both networks of MediaPipe FaceMesh, on several views of each picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from app.core.errors import SourceError
from app.core.layout import MESH478
from app.core.mesh import LOWER_LIDS, UPPER_LIDS
from models.training.mapping import FACE_VERTICES
from models.training.sources import Picture, read_picture

MESH_POINTS: Final = 478

Mesh = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class View:
    """One way to show a picture to the teacher.

    Attributes:
        name: of its cache file.
        mirrored: the picture is flipped first.
        turn: clockwise turn about the centre, degrees; it moves the detector's box and the grid
            of the network's own crop over the face.
        paddings: borders to try, as shares of the longer side. Tight crops need one to look like
            a face in a picture; in a crowd the face that fills the frame is found without.
        attention: which network looks: the one that looks again at eyes and lips and knows the
            irises, too, or the one without.
    """

    name: str
    mirrored: bool
    turn: float
    paddings: tuple[float, ...]
    attention: bool = True

    def transform(self, width: int, height: int, side: int) -> npt.NDArray[np.float64]:
        """(2, 3) from pixels of the picture to those of the square of `side` that is shown."""
        middle, target = np.array([width - 1, height - 1]) // 2, (side - 1) // 2
        c, s = np.cos(np.radians(self.turn)), np.sin(np.radians(self.turn))
        linear = np.array([[c, -s], [s, c]]) @ np.diag([-1.0 if self.mirrored else 1.0, 1.0])
        return np.concatenate([linear, (target - linear @ middle)[:, None]], axis=1)

    def upright(self, meshes: Mesh) -> Mesh:
        """Meshes (..., 478, 3) that the teacher saw in this view, in the order that their points
        have in the picture itself.
        """
        return meshes[..., list(MESH478.mirror), :] if self.mirrored else meshes


VIEWS: Final = (
    View("plain", False, 0.0, (0.4, 0.0)),
    View("mirror", True, 0.0, (0.4, 0.0)),
    View("turned", False, -12.0, (0.25, 0.0)),
    View("turned-mirror", True, -12.0, (0.25, 0.0)),
    View("back", False, 12.0, (0.3, 0.0)),
    View("back-mirror", True, 12.0, (0.3, 0.0)),
    View("wide", False, -6.0, (0.55, 0.1)),
    View("wide-mirror", True, -6.0, (0.55, 0.1)),
    View("near", False, 6.0, (0.15, 0.4)),
    View("near-mirror", True, 6.0, (0.15, 0.4)),
    View("steep", False, 20.0, (0.35, 0.1)),
    View("steep-mirror", True, 20.0, (0.35, 0.1)),
    View("bare", False, 0.0, (0.4, 0.0), attention=False),
    View("bare-mirror", True, 0.0, (0.4, 0.0), attention=False),
    View("bare-turned", False, -12.0, (0.25, 0.0), attention=False),
    View("bare-turned-mirror", True, -12.0, (0.25, 0.0), attention=False),
)
"""The first one is the picture as it is. One look is off by 1 to 2 % of the eye distance from the
mean of many, at random, and the mean is nearer to labels of other origin: see the results of pfld.
"""

ATTENTIVE: Final = tuple(view for view in VIEWS if view.attention)

BARE_SHARE: Final = 1 / 3
"""Weight of the network without attention in the mean of both. Their errors differ, and this mean
is nearer to labels of other origin than either: see the results of pfld.
"""


class MeshTeacher:
    """FaceMesh on single pictures: no tracking, so no memory between calls."""

    def __init__(self) -> None:
        self._networks: dict[bool, Any] = {}

    def find(self, image: npt.NDArray[np.uint8], view: View) -> Mesh | None:
        """(478, 3) float32: x, y in pixels of the picture, z in the same unit, away from the
        camera; None where no face is found. The points of a mirrored view keep the order in
        which the teacher saw them. Without attention the irises are NaN.
        """
        network = self._network(view.attention)
        height, width = image.shape[:2]
        for padding in view.paddings:
            # Square: FaceMesh maps its points back wrongly from other shapes.
            side = round((1 + 2 * padding) * max(height, width))
            transform = view.transform(width, height, side)
            shown = cv2.warpAffine(image, transform, (side, side), borderMode=cv2.BORDER_REPLICATE)
            result = network.process(cv2.cvtColor(shown, cv2.COLOR_BGR2RGB))
            if result.multi_face_landmarks:
                points = result.multi_face_landmarks[0].landmark
                mesh = np.array([[p.x, p.y, p.z] for p in points]) * side
                # Shares run from the left edge of the first pixel, whose centre is 0 here.
                back = np.linalg.inv(transform[:, :2])
                mesh[:, :2] = (mesh[:, :2] - 0.5 - transform[:, 2]) @ back.T
                whole = np.full((MESH_POINTS, 3), np.nan, np.float32)
                whole[: len(mesh)] = mesh
                return whole
        return None

    def _network(self, attention: bool) -> Any:
        """The network with attention or the one without, loaded when it is first asked for."""
        if attention not in self._networks:
            import mediapipe as mp  # takes seconds and is needed by few commands

            self._networks[attention] = mp.solutions.face_mesh.FaceMesh(
                static_image_mode=True, max_num_faces=1, refine_landmarks=attention
            )
        return self._networks[attention]


def mean_mesh(seen: npt.NDArray[Any], attention: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """The mean of views (V, ..., 478, 3): of each network, and then of both, the one without
    attention with `BARE_SHARE`. The shape of the eyes and the irises are those of the other one
    alone: the network without attention sees shut eyes half open.

    Args:
        seen: upright views of one face or of several, of both networks or of one.
        attention: (V,) which network saw them.
    """
    if attention.all() or not attention.any():
        return np.asarray(seen.mean(axis=0))
    mean, bare = seen[attention].mean(axis=0), seen[~attention].mean(axis=0)
    face = (Ellipsis, slice(FACE_VERTICES), slice(None))
    both = mean.copy()
    both[face] = (1 - BARE_SHARE) * mean[face] + BARE_SHARE * bare[face]
    for upper, lower in zip(UPPER_LIDS, LOWER_LIDS, strict=True):
        corners, eye = [upper[0], upper[-1]], sorted({*upper, *lower})
        way = (both - mean)[..., corners, :].mean(axis=-2, keepdims=True)
        both[..., eye, :] = mean[..., eye, :] + way
    return np.asarray(both)


def extract_meshes(
    data: Path,
    pictures: Sequence[Picture],
    folder: Path,
    *,
    progress: Callable[[str, int, int], None] | None = None,
) -> None:
    """Write what the teacher sees in each view of every picture to `folder`/VIEW.npz.

    Arrays: `paths` (M,) and `meshes` (M, 478, 3) float32, NaN where no face was found. Pictures
    that the file holds already are not seen again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    teacher: MeshTeacher | None = None
    for view in VIEWS:
        file = folder / f"{view.name}.npz"
        known: dict[str, Mesh] = {}
        if file.is_file():
            with np.load(file) as arrays:
                known = dict(zip(arrays["paths"].tolist(), arrays["meshes"], strict=True))
        missing = [p for p in pictures if p.path not in known]
        for done, picture in enumerate(missing, start=1):
            teacher = teacher or MeshTeacher()
            mesh = teacher.find(read_picture(data, picture), view)
            known[picture.path] = (
                np.full((MESH_POINTS, 3), np.nan, np.float32) if mesh is None else mesh
            )
            if progress and (done % 500 == 0 or done == len(missing)):
                progress(view.name, done, len(missing))
        if missing:
            partial = file.with_suffix(".partial.npz")
            np.savez(
                partial,
                paths=np.array([p.path for p in pictures]),
                meshes=np.stack([known[p.path] for p in pictures]),
            )
            partial.replace(file)


def load_meshes(folder: Path, pictures: Sequence[Picture]) -> npt.NDArray[np.float32]:
    """(views, M, 478, 3) of what `extract_meshes` wrote, in the order of `pictures`.

    Raises:
        SourceError: the file of a view is missing or lacks a picture.
    """
    views = []
    for view in VIEWS:
        try:
            with np.load(folder / f"{view.name}.npz") as arrays:
                row = {path: i for i, path in enumerate(arrays["paths"].tolist())}
                views.append(arrays["meshes"][[row[p.path] for p in pictures]])
        except (OSError, KeyError) as error:
            raise SourceError(
                f"{folder} lacks meshes; make them with `python -m models.training labels`"
            ) from error
    return np.stack(views)
