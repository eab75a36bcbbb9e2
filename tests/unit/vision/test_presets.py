from pathlib import Path

import pytest

from app.core.errors import PfldLiveError
from app.vision.detectors import DETECTORS
from app.vision.presets import PRESETS, find_preset
from app.vision.zoo import Zoo
from tests.unit.vision.tiny_model import write_model


def test_each_preset_names_a_detector_that_there_is() -> None:
    assert {preset.detector for preset in PRESETS} <= set(DETECTORS)


def test_a_preset_takes_the_quickest_model_of_its_family(tmp_path: Path) -> None:
    for name, spent in (("slow", 3.0), ("quick", 1.0), ("other", 0.1)):
        family = "tiny" if name == "other" else "naimishnet"
        write_model(tmp_path / f"{name}.onnx", name=name, family=family, milliseconds=spent)
    entry = find_preset("haar-grey").entry(Zoo.scan([tmp_path]))
    assert entry is not None
    assert entry.label == "quick fp32"


def test_a_preset_whose_model_is_missing_has_none(tmp_path: Path) -> None:
    assert find_preset("haar-grey").entry(Zoo.scan([tmp_path])) is None


def test_an_unknown_preset_lists_those_there_are() -> None:
    with pytest.raises(PfldLiveError, match="choose one of: haar-grey, mediapipe"):
        find_preset("haar-gray")
