"""The teachers: two face meshes of MediaPipe, on several views of each picture.

The one in the wheel, with attention, and the one of the Face Landmarker bundle
(`face_landmarker.task`), which sees wide and turned mouths better and adds 52 blendshapes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from app.core.errors import SourceError
from app.core.layout import MESH478
from models.training.blendshapes import BLENDSHAPES, mirrored_blendshapes
from models.training.sources import Picture, read_picture

MESH_POINTS: Final = 478

TASK_FILE: Final = "face_landmarker.task"
"""Name of the bundle in the folder of the peers."""

Teacher = Literal["attention", "task"]
TEACHERS: Final[tuple[Teacher, ...]] = ("attention", "task")

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
        teacher: which mesh looks: `attention` is that of the wheel, `task` that of the bundle.
    """

    name: str
    mirrored: bool
    turn: float
    paddings: tuple[float, ...]
    teacher: Teacher = "attention"

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
    View("task", False, 0.0, (0.4, 0.0), teacher="task"),
    View("task-mirror", True, 0.0, (0.4, 0.0), teacher="task"),
)
"""The first one is the picture as it is. One look is off by 1 to 2 % of the eye distance from the
mean of many, at random, and the mean is nearer to labels of other origin.
"""


def of_teacher(teacher: Teacher) -> npt.NDArray[np.bool_]:
    """(views,) which of `VIEWS` a teacher sees."""
    return np.array([view.teacher == teacher for view in VIEWS])


class Seen(NamedTuple):
    """What a teacher sees in one view.

    Attributes:
        mesh: (478, 3) float32: x, y in pixels of the picture, z in the same unit, away from the
            camera. The points of a mirrored view keep the order in which the teacher saw them.
        blendshapes: (52,) float32 of `BLENDSHAPES`, as the picture itself shows them; NaN of a
            teacher without.
    """

    mesh: Mesh
    blendshapes: npt.NDArray[np.float32]

    @classmethod
    def nothing(cls) -> Seen:
        """Where no face is found."""
        return cls(
            np.full((MESH_POINTS, 3), np.nan, np.float32),
            np.full(len(BLENDSHAPES), np.nan, np.float32),
        )


class MeshTeacher:
    """Both meshes on single pictures: no tracking, so no memory between calls.

    Args:
        peers: folder that holds `TASK_FILE`; asked for with the first view of that teacher.
    """

    def __init__(self, peers: Path) -> None:
        self._peers = peers
        self._networks: dict[Teacher, Any] = {}

    def find(self, image: npt.NDArray[np.uint8], view: View) -> Seen | None:
        """What the teacher of this view sees in a BGR picture (H, W, 3); None where no face is
        found.
        """
        height, width = image.shape[:2]
        for padding in view.paddings:
            # Square: FaceMesh maps its points back wrongly from other shapes.
            side = round((1 + 2 * padding) * max(height, width))
            transform = view.transform(width, height, side)
            shown = cv2.warpAffine(image, transform, (side, side), borderMode=cv2.BORDER_REPLICATE)
            found = self._look(cv2.cvtColor(shown, cv2.COLOR_BGR2RGB), view.teacher)
            if found is not None:
                shares, shapes = found
                mesh = shares * side
                # Shares run from the left edge of the first pixel, whose centre is 0 here.
                back = np.linalg.inv(transform[:, :2])
                mesh[:, :2] = (mesh[:, :2] - 0.5 - transform[:, 2]) @ back.T
                return Seen(
                    mesh.astype(np.float32),
                    mirrored_blendshapes(shapes) if view.mirrored else shapes,
                )
        return None

    def _look(
        self, rgb: npt.NDArray[np.uint8], teacher: Teacher
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]] | None:
        """Mesh (478, 3) in shares of the square and blendshapes (52,) of its first face."""
        network = self._network(teacher)
        if teacher == "attention":
            faces = network.process(rgb).multi_face_landmarks
            if not faces:
                return None
            mesh = np.array([[p.x, p.y, p.z] for p in faces[0].landmark])
            return mesh, Seen.nothing().blendshapes
        import mediapipe as mp  # takes seconds and is needed by few commands

        result = network.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=rgb))
        if not result.face_landmarks:
            return None
        mesh = np.array([[p.x, p.y, p.z] for p in result.face_landmarks[0]])
        scores = {c.category_name: c.score for c in result.face_blendshapes[0]}
        return mesh, np.array([scores[name] for name in BLENDSHAPES], np.float32)

    def _network(self, teacher: Teacher) -> Any:
        """The mesh of a teacher, loaded when it is first asked for.

        Raises:
            SourceError: the folder of the peers lacks the bundle.
        """
        if teacher not in self._networks:
            import mediapipe as mp  # takes seconds and is needed by few commands

            if teacher == "attention":
                self._networks[teacher] = mp.solutions.face_mesh.FaceMesh(
                    static_image_mode=True, max_num_faces=1, refine_landmarks=True
                )
            else:
                file = self._peers / TASK_FILE
                if not file.is_file():
                    raise SourceError(f"{file} is missing; name its folder with --peers")
                options = mp.tasks.vision.FaceLandmarkerOptions(
                    base_options=mp.tasks.BaseOptions(model_asset_path=str(file)),
                    output_face_blendshapes=True,
                )
                landmarker = mp.tasks.vision.FaceLandmarker
                self._networks[teacher] = landmarker.create_from_options(options)
        return self._networks[teacher]


def mean_mesh(seen: npt.NDArray[Any], attention: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """The mean of views (V, ..., 478, 3): of each teacher, and then of both.

    Args:
        seen: upright views of one face or of several, of both teachers or of one.
        attention: (V,) which of them the teacher of the wheel saw.
    """
    if attention.all() or not attention.any():
        return np.asarray(seen.mean(axis=0))
    return np.asarray((seen[attention].mean(axis=0) + seen[~attention].mean(axis=0)) / 2)


def extract_meshes(
    data: Path,
    pictures: Sequence[Picture],
    folder: Path,
    *,
    peers: Path,
    views: Sequence[View] = VIEWS,
    progress: Callable[[str, int, int], None] | None = None,
) -> None:
    """Write what the teachers see in each view of every picture to `folder`/VIEW.npz.

    Arrays: `paths` (M,), `meshes` (M, 478, 3) float32 and `blendshapes` (M, 52) float32, NaN where
    no face was found. Pictures that the file holds already are not seen again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    teacher = MeshTeacher(peers)
    for view in views:
        file = folder / f"{view.name}.npz"
        known: dict[str, Seen] = {}
        if file.is_file():
            with np.load(file) as arrays:
                rows = zip(arrays["meshes"], arrays["blendshapes"], strict=True)
                known = {
                    path: Seen(*row)
                    for path, row in zip(arrays["paths"].tolist(), rows, strict=True)
                }
        missing = [p for p in pictures if p.path not in known]
        for done, picture in enumerate(missing, start=1):
            found = teacher.find(read_picture(data, picture), view)
            known[picture.path] = found or Seen.nothing()
            if progress and (done % 500 == 0 or done == len(missing)):
                progress(view.name, done, len(missing))
        if missing:
            partial = file.with_suffix(".partial.npz")
            np.savez(
                partial,
                paths=np.array([p.path for p in pictures]),
                meshes=np.stack([known[p.path].mesh for p in pictures]),
                blendshapes=np.stack([known[p.path].blendshapes for p in pictures]),
            )
            partial.replace(file)


def load_meshes(
    folder: Path, pictures: Sequence[Picture]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Meshes (views, M, 478, 3) and blendshapes (views, M, 52) of what `extract_meshes` wrote, in
    the order of `pictures`.

    Raises:
        SourceError: the file of a view is missing or lacks a picture.
    """
    meshes, blendshapes = [], []
    for view in VIEWS:
        try:
            with np.load(folder / f"{view.name}.npz") as arrays:
                row = {path: i for i, path in enumerate(arrays["paths"].tolist())}
                order = [row[p.path] for p in pictures]
                meshes.append(arrays["meshes"][order])
                blendshapes.append(arrays["blendshapes"][order])
        except (OSError, KeyError) as error:
            raise SourceError(
                f"{folder} lacks meshes; make them with `python -m models.training labels`"
            ) from error
    return np.stack(meshes), np.stack(blendshapes)
