from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from models.training.crops import STORED_SIDE, add_synthetic, build_crops, load_crops
from models.training.labels import Labels
from models.training.sheet import COLUMNS, TILE, label_sheet


def test_synthetic_faces_which_have_no_picture_are_drawn_too(
    drawn_data: Path, drawn_labels: Labels, tmp_path: Path
) -> None:
    build_crops(drawn_data, drawn_labels, tmp_path)
    made = Labels.join([drawn_labels])
    made = replace(
        made,
        paths=np.array([f"turned/{path}" for path in made.paths]),
        split=np.full(len(made), "synthetic"),
        source=np.full(len(made), "turned"),
        points=load_crops(tmp_path, drawn_labels).points,
    )
    white = np.full((len(made), STORED_SIDE, STORED_SIDE, 3), 255, np.uint8)
    labels = add_synthetic(tmp_path, drawn_labels, made, white)
    label_sheet(labels, load_crops(tmp_path, labels), tmp_path / "sheet.png", seed=0)
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet.shape[1] == COLUMNS * TILE
    rows = sheet.reshape(-1, TILE, COLUMNS * TILE, 3)
    assert np.median(rows[0]) < 200  # drawn faces
    assert np.median(rows[1]) == 255  # those made of them
