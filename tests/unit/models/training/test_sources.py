from pathlib import Path

import cv2
import numpy as np
import pytest

from app.core.errors import SourceError
from models.training.sources import (
    SQUEEZE_STRETCHED,
    Picture,
    list_pictures,
    p1_labels,
    read_picture,
)

MANIFEST = "image,source,identity,emotion,masked,pair,split\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "p1").mkdir()
    (tmp_path / "faces").mkdir()
    names = [f"{axis}{i}" for i in range(68) for axis in "xy"]
    numbers = ",".join(str(i) for i in range(136))
    (tmp_path / "p1" / "keypoints.csv").write_text(
        f"image,identity,split,{','.join(names)}\n"
        f"images/a.jpg,A,train,{numbers}\nimages/b.jpg,B,val,{numbers}\n"
    )
    (tmp_path / "faces" / "manifest.csv").write_text(
        MANIFEST
        + "images/mask.jpg,prajnasb,,,1,images/plain.jpg,\n"
        + "images/plain.jpg,prajnasb,,,0,images/mask.jpg,\n"
        + "images/wide.jpg,chandrika,someone,,0,,train\n"
        + "images/crowd.jpg,chandrika,,,1,,\n"
        + "images/grin.jpg,mux,C,happiness,0,,val\n"
    )
    return tmp_path


def test_every_table_row_becomes_a_picture_with_its_facts(data: Path) -> None:
    pictures = {p.path.rsplit("/", 1)[1]: p for p in list_pictures(data)}
    assert [p.split for p in pictures.values()].count("val") == 2
    assert pictures["mask.jpg"].twin == "faces/images/plain.jpg"
    assert pictures["mask.jpg"].masked
    assert pictures["plain.jpg"].twin == ""
    assert pictures["wide.jpg"].squeeze == SQUEEZE_STRETCHED
    assert pictures["crowd.jpg"].squeeze == 1.0
    assert pictures["grin.jpg"].emotion == "happiness"


def test_the_photographs_placed_by_hand_are_never_listed(data: Path) -> None:
    (data / "helen48" / "images").mkdir(parents=True)
    assert not any("helen" in p.path for p in list_pictures(data))


def test_labels_are_read_as_pairs(data: Path) -> None:
    points = p1_labels(data)["p1/images/a.jpg"]
    assert points.shape == (68, 2)
    assert points[:2].tolist() == [[0, 1], [2, 3]]


def test_a_stretched_picture_is_squeezed(data: Path) -> None:
    cv2.imwrite(str(data / "wide.png"), np.zeros((50, 100, 3), np.uint8))
    image = read_picture(data, Picture("wide.png", "train", "chandrika", squeeze=0.79))
    assert image.shape == (50, 79, 3)


def test_missing_data_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="--data"):
        list_pictures(tmp_path)
    with pytest.raises(SourceError, match="cannot be read"):
        read_picture(tmp_path, Picture("nothing.jpg", "train", "p1"))
