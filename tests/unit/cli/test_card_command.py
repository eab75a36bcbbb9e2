import json
from pathlib import Path

import onnx
import pytest

from app.cli.main import main
from app.core.card import ModelCard
from app.core.resources import models_folder
from app.vision.onnx_file import OnnxFile
from app.vision.zoo import Zoo

SHIPPED = models_folder() / "pfld-0.5x-int8.onnx"


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """The shipped network as a stranger would publish it: without a card."""
    model = onnx.load(str(SHIPPED))
    del model.metadata_props[:]
    path = tmp_path / "their model.onnx"
    onnx.save(model, str(path))
    return path


@pytest.fixture
def my_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "mine"
    monkeypatch.setenv("PFLD_LIVE_MODELS", str(folder))
    return folder


def test_a_card_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", str(SHIPPED)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split() == ["layout", "ibug68"] for line in lines)
    assert any(line.startswith("expressions") and "eyeBlinkLeft, " in line for line in lines)
    assert main(["card", str(SHIPPED), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "pfld-0.5x"


def test_a_file_without_a_card_is_told_apart_with_what_to_do(
    foreign: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = foreign.read_bytes()
    assert main(["card", str(foreign)]) == 0
    text = capsys.readouterr().out
    assert "carries no model card" in text
    assert "output  points  1 × 136" in text
    assert f'pfld-live card "{foreign}" --tune --add' in text
    assert foreign.read_bytes() == before


def test_a_foreign_model_is_in_the_zoo_after_one_command(foreign: Path, my_folder: Path) -> None:
    settings = ["mean=127.5", "std=64", "crop_scale=1.3", "trust_output=trust", "name=theirs"]
    sets = [word for setting in settings for word in ("--set", setting)]
    assert main(["card", str(foreign), *sets, "--add"]) == 0
    entry = Zoo.scan([my_folder]).find("theirs")
    shipped = ModelCard.from_metadata(OnnxFile.read(SHIPPED).metadata)
    assert entry.card is not None
    assert (entry.card.mean, entry.card.std) == (shipped.mean, shipped.std)
    assert entry.card.layout == "ibug68"


def test_a_card_is_written_in_place(foreign: Path) -> None:
    assert main(["card", str(foreign), "--set", "licence=MIT"]) == 0
    assert ModelCard.from_metadata(OnnxFile.read(foreign).metadata).licence == "MIT"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "layout=moon"], "layout 'moon' is not known"),
        (["--set", "input_size=64"], "the card promises input (1, 3, 64, 64)"),
        (["--output", "copy.txt"], "must end in .onnx"),
        (["--output", "copy.onnx", "--add"], "not both"),
    ],
)
def test_a_mistake_is_one_sentence(
    foreign: Path,
    my_folder: Path,
    words: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = foreign.read_bytes()
    assert main(["card", str(foreign), *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert foreign.read_bytes() == before
    assert not my_folder.exists()
