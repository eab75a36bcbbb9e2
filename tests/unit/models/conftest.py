"""A tiny set of drawn faces: what the models' tests train on instead of pictures."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.core.face import HeadPose
from app.core.mesh import MESH478_TO_IBUG68
from app.core.rotation import pose_to_matrix
from models.training.labels import Labels

TORCH_SPEAKS_UP = "ignore:.*reduce_op.*:FutureWarning"
"""Whoever looks at all living objects, as the check for threads does, touches a deprecated one
of torch."""

ROOT = Path(__file__).parents[3]
DRAWN_FACES = 24


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("torch"):
            item.add_marker(pytest.mark.filterwarnings(TORCH_SPEAKS_UP))


def drawn_face(pose: HeadPose, size: int, rng: np.random.Generator) -> tuple:
    """A grey picture (size, size, 3) with a dot on each point of a turned mean face."""
    table = json.loads((ROOT / "assets" / "face_points_68.json").read_text(encoding="utf-8"))
    turned = np.array(table["points"]) @ pose_to_matrix(pose).T
    points = (turned[:, :2] * size / 4 + size * np.array([0.5, 0.4])).astype(np.float32)
    image = np.full((size, size, 3), rng.integers(80, 140), np.uint8)
    cv2.fillConvexPoly(image, cv2.convexHull(points).astype(np.int32), (150, 180, 210))
    for x, y in points:
        cv2.circle(image, (round(float(x)), round(float(y))), 2, (20, 20, 40), -1)
    return image, points


@pytest.fixture(scope="session")
def drawn_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with drawn pictures, without tables."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    points = []
    for index in range(DRAWN_FACES):
        pose = HeadPose(*rng.uniform(-25, 25, 3).tolist())
        image, placed = drawn_face(pose, 160, rng)
        cv2.imwrite(str(folder / f"{index}.png"), image)
        points.append((placed, pose_to_matrix(pose)))
    np.savez(
        folder / "truth.npz",
        points=np.stack([p for p, _ in points]),
        rotations=np.stack([r for _, r in points]),
    )
    return folder


def mesh_of(points: np.ndarray) -> np.ndarray:
    """(F, 478, 3) flat meshes whose points of the 68 are these (F, 68, 2)."""
    meshes = np.zeros((len(points), 478, 3), np.float32)
    meshes[..., :2] = points.mean(axis=1, keepdims=True)
    for index, pair in enumerate(MESH478_TO_IBUG68):
        meshes[:, list(pair), :2] = points[:, None, index]
    return meshes


@pytest.fixture(scope="session")
def drawn_labels(drawn_data: Path) -> Labels:
    """Labels of the drawn faces; the last quarter validates."""
    truth = np.load(drawn_data / "truth.npz")
    count = len(truth["points"])
    validate = np.arange(count) >= count * 3 // 4
    return Labels(
        paths=np.array([f"{i}.png" for i in range(count)]),
        split=np.where(validate, "val", "train"),
        source=np.full(count, "drawn"),
        squeeze=np.ones(count),
        points=truth["points"],
        meshes=mesh_of(truth["points"]),
        counts=np.ones((count, 68), bool),
        inside=np.ones((count, 68), bool),
        rotations=truth["rotations"],
        expression=np.zeros(count, bool),
        masked=np.zeros(count, bool),
        p1_points=np.full((count, 68, 2), np.nan, np.float32),
        hand=np.zeros(count, bool),
        blendshapes=np.full((count, 52), 0.25, np.float32),
    )
