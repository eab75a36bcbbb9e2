import json
from pathlib import Path

import numpy as np
import pytest

from models.training.visibility import PARTS, seen_parts

SIZE = 128


@pytest.fixture
def points() -> np.ndarray:
    """(68, 2) pixels of a face that fills the crop."""
    table = json.loads(
        (Path(__file__).parents[4] / "assets" / "face_points_68.json").read_text("utf-8")
    )
    face = np.array(table["points"])[:, :2]
    low, high = face.min(axis=0), face.max(axis=0)
    return (face - low) / (high - low).max() * 110 + 9


def cover_of(points: np.ndarray, part: int, share: float, opacity: float = 1.0) -> np.ndarray:
    """A cover over the left `share` of a part."""
    cover = np.zeros((SIZE, SIZE), np.float32)
    x, y = points[PARTS[part]].T
    cover[int(y.min()) - 3 : int(y.max()) + 4, int(x.min()) - 3 : round(
        x.min() + share * (x.max() - x.min())
    )] = opacity  # fmt: skip
    return cover


def test_a_bare_face_can_be_seen(points: np.ndarray) -> None:
    assert seen_parts(np.zeros((SIZE, SIZE), np.float32), points).tolist() == [1, 1, 1]


@pytest.mark.parametrize("part", range(3))
def test_a_covered_part_cannot_be_seen_and_the_others_can(points: np.ndarray, part: int) -> None:
    wanted = [1.0, 1.0, 1.0]
    wanted[part] = 0.0
    assert seen_parts(cover_of(points, part, 1.2), points).tolist() == wanted


def test_nobody_can_say_of_a_part_that_is_half_covered(points: np.ndarray) -> None:
    seen = seen_parts(cover_of(points, 2, 0.48), points)
    assert np.isnan(seen[2])
    assert seen[:2].tolist() == [1, 1]


def test_a_cover_that_lets_most_through_hides_nothing(points: np.ndarray) -> None:
    assert seen_parts(cover_of(points, 0, 1.2, opacity=0.2), points).tolist() == [1, 1, 1]
    assert seen_parts(cover_of(points, 0, 1.2, opacity=0.9), points).tolist() == [0, 1, 1]


def test_a_part_outside_the_crop_cannot_be_seen(points: np.ndarray) -> None:
    bare = np.zeros((SIZE, SIZE), np.float32)
    left = points - [points[PARTS[0]][:, 0].max() + 2, 0]
    assert seen_parts(bare, left).tolist() == [0, 1, 1]
    far = points + 1000.0
    assert seen_parts(bare, far).tolist() == [0, 0, 0]
