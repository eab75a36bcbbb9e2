from pathlib import Path

import cv2
import numpy as np
import pytest

from app.core.errors import SourceError
from models.training.sources import (
    SQUEEZE_STRETCHED,
    Picture,
    hand_labels,
    list_pictures,
    p1_labels,
    read_picture,
)

MANIFEST = "image,source,identity,emotion,masked,pair,split\n"
YAWNS = "image,label,x0,y0,x1,y1\n"


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
    (tmp_path / "ibug68").mkdir()
    (tmp_path / "ibug68" / "points68.csv").write_text(
        f"image,split,{','.join(names)}\nchecked.jpg,val,{numbers}\n"
    )
    (tmp_path / "yawns").mkdir()
    (tmp_path / "yawns" / "labels.csv").write_text(
        YAWNS + "video-a_1_jpg.jpg,yawn,10,20,30.5,40\n" + "video-a_2_jpg.jpg,none,,,,\n"
    )
    return tmp_path


def test_every_table_row_becomes_a_picture_with_its_facts(data: Path) -> None:
    pictures = {p.path.rsplit("/", 1)[1]: p for p in list_pictures(data)}
    assert [p.split for p in pictures.values()].count("val") >= 3
    assert pictures["checked.jpg"].source == "ibug68"
    assert pictures["checked.jpg"].split == "val"
    assert pictures["mask.jpg"].twin == "faces/images/plain.jpg"
    assert pictures["mask.jpg"].masked
    assert pictures["plain.jpg"].twin == ""
    assert pictures["wide.jpg"].squeeze == SQUEEZE_STRETCHED
    assert pictures["crowd.jpg"].squeeze == 1.0
    assert pictures["grin.jpg"].emotion == "happiness"
    assert pictures["video-a_1_jpg.jpg"].mouth == (10, 20, 30.5, 40)
    assert pictures["video-a_1_jpg.jpg"].emotion == "yawn"
    assert pictures["video-a_2_jpg.jpg"].mouth is None
    assert pictures["video-a_2_jpg.jpg"].emotion == ""


def test_pictures_of_one_video_are_of_one_split(data: Path) -> None:
    videos = {f"video-{v}": [f"video-{v}_{i}_jpg.jpg" for i in range(6)] for v in "abcdefghijkl"}
    rows = [f"{name},none,,,,\n" for names in videos.values() for name in names]
    (data / "yawns" / "labels.csv").write_text(YAWNS + "".join(rows))
    splits = {p.path.rsplit("/", 1)[1]: p.split for p in list_pictures(data)}
    found = [{splits[name] for name in names} for names in videos.values()]
    assert all(len(kinds) == 1 for kinds in found)
    assert {"train"} in found
    assert {"val"} in found


def test_calm_press_photographs_are_thinned_and_those_that_show_something_stay(
    data: Path,
) -> None:
    kinds = (("calm", "neutral", "train"), ("sad", "sadness", "train"), ("kept", "neutral", "val"))
    rows = [
        f"images/{kind}{i}.jpg,mux,P{i},{emotion},0,,{split}\n"
        for kind, emotion, split in kinds
        for i in range(200)
    ]
    (data / "faces" / "manifest.csv").write_text(MANIFEST + "".join(rows))
    listed = [p.path for p in list_pictures(data)]
    counts = [sum(f"/{kind}" in path for path in listed) for kind, _, _ in kinds]
    assert 70 < counts[0] < 130
    assert counts[1:] == [200, 200]
    assert listed == [p.path for p in list_pictures(data)]


def test_the_photographs_placed_by_hand_are_never_listed(data: Path) -> None:
    (data / "helen48" / "images").mkdir(parents=True)
    assert not any("helen" in p.path for p in list_pictures(data))


def test_labels_are_read_as_pairs(data: Path) -> None:
    points = p1_labels(data)["p1/images/a.jpg"]
    assert points.shape == (68, 2)
    assert points[:2].tolist() == [[0, 1], [2, 3]]
    checked = hand_labels(data)
    assert list(checked) == ["ibug68/images/checked.jpg"]
    assert checked["ibug68/images/checked.jpg"][67].tolist() == [134, 135]


def test_a_stretched_picture_is_squeezed(data: Path) -> None:
    cv2.imwrite(str(data / "wide.png"), np.zeros((50, 100, 3), np.uint8))
    image = read_picture(data, Picture("wide.png", "train", "chandrika", squeeze=0.79))
    assert image.shape == (50, 79, 3)


@pytest.mark.parametrize("table", ["ibug68/points68.csv", "yawns/labels.csv"])
def test_a_missing_table_is_named(data: Path, table: str) -> None:
    (data / table).unlink()
    with pytest.raises(SourceError, match=table):
        list_pictures(data)


def test_missing_data_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="--data"):
        list_pictures(tmp_path)
    with pytest.raises(SourceError, match="cannot be read"):
        read_picture(tmp_path, Picture("nothing.jpg", "train", "p1"))
