from pathlib import Path

import cv2

from models.training.evaluation import ModelFile
from models.training.labels import Labels
from models.training.worst import CAPTION, COLUMNS, TILE, worst_sheet

MODEL = Path(__file__).parents[4] / "models" / "pfld-0.5x-int8.onnx"


def test_the_sheet_has_a_row_for_each_attribute_and_draws_a_face_once(
    drawn_data: Path, drawn_labels: Labels, tmp_path: Path
) -> None:
    worst_sheet(ModelFile(MODEL), drawn_data, drawn_labels, tmp_path / "worst.png")
    sheet = cv2.imread(str(tmp_path / "worst.png"))
    assert sheet.shape == (6 * (TILE + CAPTION), COLUMNS * TILE, 3)
    captions = [
        sheet[y + TILE : y + TILE + CAPTION, x : x + TILE].any()
        for y in range(0, sheet.shape[0], TILE + CAPTION)
        for x in range(0, sheet.shape[1], TILE)
    ]
    assert sum(captions) == len(drawn_labels.of("val"))
