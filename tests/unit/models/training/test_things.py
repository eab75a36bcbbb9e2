from pathlib import Path

import cv2
import numpy as np
import pytest

from app.core.errors import SourceError
from models.training.crops import SQUARES_OF_THINGS, STORED_SIDE, held_back, things


def names(count: int) -> list[str]:
    return [f"thing-{i}.jpg" for i in range(count)]


def test_one_picture_of_four_without_a_face_is_kept_for_measuring() -> None:
    kept = [held_back(name) for name in names(2000)]
    assert np.mean(kept) == pytest.approx(0.25, abs=0.04)
    assert kept == [held_back(name) for name in names(2000)]


def test_backgrounds_are_cut_from_the_pictures_that_are_not_kept(tmp_path: Path) -> None:
    (tmp_path / "nofaces").mkdir()
    for name in names(12):
        level = 200 if held_back(name) else 60
        cv2.imwrite(str(tmp_path / "nofaces" / name), np.full((90, 140, 3), level, np.uint8))
    squares = things(tmp_path, np.random.default_rng(0))
    shown = [name for name in names(12) if not held_back(name)]
    assert 0 < len(shown) < 12
    assert len(squares) == SQUARES_OF_THINGS * len(shown)
    assert all(s.shape == (STORED_SIDE, STORED_SIDE, 3) and s.max() < 100 for s in squares)


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    name = next(name for name in names(12) if not held_back(name))
    (tmp_path / "nofaces").mkdir()
    (tmp_path / "nofaces" / name).write_text("no picture")
    with pytest.raises(SourceError, match=name):
        things(tmp_path, np.random.default_rng(0))
