import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest

from app.core.card import METADATA_KEY, ModelCard
from app.core.errors import ModelError, OutputError
from app.vision.card_writer import card_values, make_card, read_settings, write_card
from app.vision.onnx_file import OnnxFile
from app.vision.session import load_model
from tests.unit.vision.tiny_model import CARD, write_model


def card_of(path: Path) -> ModelCard:
    return ModelCard.from_metadata(OnnxFile.read(path).metadata)


def test_a_foreign_file_is_a_model_after_one_step(tmp_path: Path) -> None:
    path = write_model(tmp_path / "foreign-98.onnx", card=None, numbers=196)
    file = OnnxFile.read(path)
    known, said = card_values(file, path)
    assert not said
    write_card(file, make_card(known, {}), path)
    model = load_model(path)
    assert (model.card.name, model.card.layout, model.card.input_size) == (
        "foreign-98",
        "wflw98",
        16,
    )
    assert model.run(np.zeros((1, 3, 16, 16), np.float32))["points"].shape == (1, 196)


def test_what_a_user_sets_goes_before_the_old_card_and_the_rest_stays(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx", licence="CC0", nme_val={"all": 3.0})
    file = OnnxFile.read(path)
    known, said = card_values(file, path)
    assert said
    settings = read_settings(["crop_scale=1.5", "mean=1,2,3", "std=60", "trust_output="])
    write_card(file, make_card(known, settings), tmp_path / "copy.onnx")
    assert card_of(tmp_path / "copy.onnx") == dataclasses.replace(
        CARD,
        licence="CC0",
        nme_val={"all": 3.0},
        crop_scale=1.5,
        mean=(1.0, 2.0, 3.0),
        std=(60.0, 60.0, 60.0),
        trust_output=None,
    )
    assert card_of(path).crop_scale == CARD.crop_scale


def test_a_broken_card_is_replaced_by_guesses(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx", metadata={METADATA_KEY: "nonsense"})
    known, said = card_values(OnnxFile.read(path), path)
    assert (known["layout"], known["points_output"], said) == ("ibug68", "points", False)


def test_a_grey_network_is_seen_as_such(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx", card=None, depth=1)
    made = make_card(card_values(OnnxFile.read(path), path)[0], {"std": 128.0})
    assert (made.channels, made.mean, made.std) == ("grey", (0.0,), (128.0,))


def test_what_the_file_does_not_tell_must_be_said(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx", card=None, numbers=212)
    known, _ = card_values(OnnxFile.read(path), path)
    with pytest.raises(ModelError, match=r"needs, layout, points_output; add --set layout=…"):
        make_card(known, {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour=red", "is no setting of a card; write KEY=VALUE with one of: name"),
        ("crop_scale", "is no setting of a card"),
        ("nme_val=1", "is no setting of a card"),
        ("crop_scale=wide", "crop_scale must be a number, got 'wide'"),
        ("input_size=1.5", "input_size must be a number"),
        ("mean=1;2", "mean must be numbers with commas"),
    ],
)
def test_a_setting_with_a_slip_says_what_is_meant(text: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        read_settings([text])


def test_a_card_that_the_network_belies_leaves_the_file_alone(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx")
    before = path.read_bytes()
    file = OnnxFile.read(path)
    known, _ = card_values(file, path)
    with pytest.raises(ModelError, match=r"the card promises input \(1, 3, 32, 32\)"):
        write_card(file, make_card(known, {"input_size": 32}), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx")
    file = OnnxFile.read(path)
    (tmp_path / "folder").write_text("no folder")
    with pytest.raises(OutputError, match=r"copy\.onnx cannot be written"):
        write_card(file, CARD, tmp_path / "folder" / "copy.onnx")


def test_the_network_itself_stays_the_same(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx")
    file = OnnxFile.read(path)
    write_card(file, dataclasses.replace(CARD, licence="MIT"), tmp_path / "copy.onnx")
    assert onnx.load(str(tmp_path / "copy.onnx")).graph == onnx.load(str(path)).graph
