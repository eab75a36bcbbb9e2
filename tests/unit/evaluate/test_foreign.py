"""Label files as other programs write them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app._opencv import cv2
from app.cli.main import main
from app.core.layout import IBUG68
from app.driver.presets import Presets
from app.driver.settings import DriverSettings
from app.evaluate.find import open_labelled_clip
from app.evaluate.labels import LabelError
from app.evaluate.pts import read_pts
from app.evaluate.wflw import read_wflw

BOM = "\ufeff"
LABELME = {
    "version": "5.4.1",
    "flags": {},
    "shapes": [{"label": "1", "points": [[5, 6]], "shape_type": "point"}],
    "imagePath": "a.png",
    "imageData": "A" * 600_000,
    "imageHeight": 40,
    "imageWidth": 40,
}
COCO = {
    "info": {"description": "x" * 600_000},
    "images": [{"id": 1, "file_name": "a.png"}],
    "annotations": [{"id": 1, "image_id": 1, "keypoints": [1, 2, 2]}],
    "categories": [{"id": 1, "name": "face"}],
}
VIA = {"a.png1": {"filename": "a.png", "regions": [{"shape_attributes": {}}]}}
STUDIO = [{"id": 1, "annotations": [{"completed_by": 1, "result": []}], "data": {}}]

MakeImage = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((40, 40, 3), np.uint8))
    return tmp_path


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("place", ["a.json", "instances.json", "annotations/train.json"])
@pytest.mark.parametrize(
    ("content", "name"),
    [(LABELME, "labelme"), (COCO, "COCO"), (VIA, "VIA"), (STUDIO, "Label Studio")],
)
def test_a_file_of_another_program_is_called_by_its_name(
    content: Any,
    name: str,
    place: str,
    indent: int | None,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = folder / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=indent), "utf-8")
    for chosen in (folder, path):
        assert main(["evaluate", str(chosen), "--models", "pfld-0.25x"]) == 2
        (sentence,) = capsys.readouterr().err.splitlines()
        assert f"that is a {name} file" in sentence
        assert "NAME.pts" in sentence


@pytest.mark.parametrize("indent", [None, 2])
def test_a_foreign_file_in_place_of_the_own_labels_is_called_by_its_name(
    indent: int | None, folder: Path
) -> None:
    own = folder.with_name(f"{folder.name}.labels.jsonl")
    own.write_text(json.dumps(COCO, indent=indent), "utf-8")
    with pytest.raises(LabelError, match="that is a COCO file"):
        open_labelled_clip(folder)


def test_a_byte_order_mark_is_no_fault(folder: Path) -> None:
    points = [[i % 30 + 2.5, i // 3 + 2.5] for i in range(68)]
    (folder / "a.json").write_text(BOM + json.dumps({"points": points}), "utf-8")
    clip = open_labelled_clip(folder)
    assert clip.labels.points[0] == pytest.approx(np.array(points))
    (folder / "a.json").unlink()
    body = "\n".join(f"{x + 1} {y + 1}" for x, y in points)
    (folder / "a.pts").write_text(f"{BOM}version: 1\nn_points: 68\n{{\n{body}\n}}\n", "utf-8")
    assert read_pts(folder / "a.pts") == pytest.approx(np.array(points))
    row = " ".join([f"{i / 2:g}" for i in range(196)] + ["0", "0", "9", "9"] + ["0"] * 6)
    (folder / "list_98pt.txt").write_text(f"{BOM}{row} a.png\n", "utf-8")
    assert read_wflw(folder / "list_98pt.txt").labels.points[0, 0].tolist() == [0, 0.5]


def test_a_byte_order_mark_before_the_own_labels_is_no_fault(cut_clip: Path) -> None:
    labels = cut_clip.with_name("cut.labels.jsonl")
    before = open_labelled_clip(cut_clip).labels.points
    labels.write_text(BOM + labels.read_text("utf-8"), "utf-8")
    assert np.array_equal(open_labelled_clip(cut_clip).labels.points, before, equal_nan=True)


def test_a_byte_order_mark_before_a_preset_is_no_fault(tmp_path: Path) -> None:
    path = Presets(tmp_path).save("own", DriverSettings(microsleep_s=1.25))
    path.write_text(BOM + path.read_text("utf-8"), "utf-8")
    assert Presets(tmp_path).load("own").microsleep_s == 1.25


@pytest.mark.parametrize("announced", ["67", "69", "many", "", "68.5"])
def test_a_pts_file_holds_as_many_points_as_it_announces(announced: str, tmp_path: Path) -> None:
    body = "\n".join(f"{i} {i % 7}" for i in range(IBUG68.count))
    path = tmp_path / "a.pts"
    path.write_text(f"version: 1\nn_points: {announced}\n{{\n{body}\n}}\n", "utf-8")
    with pytest.raises(LabelError, match=r"a\.pts: it announces .* points and holds 68"):
        read_pts(path)
    path.write_text(f"version: 1\nn_points:  68\n{{\n{body}\n}}\n", "utf-8")
    assert len(read_pts(path)) == 68
    path.write_text(f"{{\n{body}\n}}\n", "utf-8")
    assert len(read_pts(path)) == 68
