import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from app.cli.main import main
from app.core.card import METADATA_KEY
from app.core.errors import ModelError
from app.core.memory import peak_rss_mb
from app.core.resources import models_folder
from app.vision.session import load_model
from app.vision.zoo import Zoo
from tests.unit.vision.tiny_model import CARD, write_model


def _problem(path: Path) -> str:
    (entry,) = Zoo.scan([path.parent]).entries
    assert entry.card is None
    assert entry.problem is not None
    return entry.problem


def test_a_file_dropped_into_the_folder_is_a_model(tmp_path: Path) -> None:
    write_model(tmp_path / "mine.onnx", name="mine")
    (entry,) = Zoo.scan([tmp_path]).usable
    assert (entry.label, entry.problem) == ("mine fp32", None)


def test_a_model_cut_in_half_is_listed_with_the_reason(tmp_path: Path) -> None:
    source = next(iter(sorted(models_folder().glob("*int8.onnx"))))
    data = source.read_bytes()
    (tmp_path / "half.onnx").write_bytes(data[: len(data) // 2])
    assert "onnxruntime refuses the file" in _problem(tmp_path / "half.onnx")


def test_an_empty_file_and_a_text_are_no_models(tmp_path: Path) -> None:
    (tmp_path / "empty.onnx").write_bytes(b"")
    (tmp_path / "text.onnx").write_text("hello")
    entries = Zoo.scan([tmp_path]).entries
    assert [entry.card for entry in entries] == [None, None]
    for entry in entries:
        assert (
            entry.problem == "onnxruntime refuses the file: it is cut off, or no ONNX model at all"
        )


def test_a_model_without_a_card_says_so(tmp_path: Path) -> None:
    assert "no model card" in _problem(write_model(tmp_path / "bare.onnx", card=None))


def test_a_card_that_is_not_json_says_so(tmp_path: Path) -> None:
    path = write_model(tmp_path / "bad.onnx", metadata={METADATA_KEY: "{name"})
    assert "cannot be read" in _problem(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": ["a"]}, "name must be a text"),
        ({"name": ""}, "name must be a text"),
        ({"name": "a\n\x1b[31m"}, "name must be a text"),
        ({"name": "x" * 200}, "name must be a text"),
        ({"layout": ["ibug68"]}, "layout must be a text"),
        ({"input_size": "16"}, "input_size must be finite numbers"),
        ({"input_size": 16.0}, "input_size must be a whole number"),
        ({"mean": [float("nan")] * 3}, "NaN is no number"),
        ({"std": [float("inf")] * 3}, "Infinity is no number"),
        ({"colour": "red"}, "does not know: colour"),
        ({"family": None}, "family must be a text"),
        ({"pose_output": 3}, "pose_output must be a text"),
        ({"pose_source": "network"}, "pose_output names no output"),
        ({"pose_source": "guess"}, "pose_source 'guess' is none of points, network"),
        ({"licence": {"a": 1}}, "licence must be a text"),
        ({"trained_on": ["a"]}, "trained_on must be a text"),
        ({"made_by": 5}, "made_by must be a text"),
        ({"made_by": "\x1b[2J"}, "made_by must be a text"),
        ({"licence": "x" * 5000}, "licence must be a text"),
        ({"crop_scale": 10**400}, "a number has more than 18 digits"),
        ({"mean": [10**400] * 3}, "a number has more than 18 digits"),
        ({"mean": ["1"] * 3}, "mean should be a number"),
        ({"std": [1e-30] * 3}, "std must be above 0"),
        ({"input_size": True}, "input_size must be finite numbers"),
        ({"milliseconds": -1}, "milliseconds should lie between"),
        ({"milliseconds": float("nan")}, "NaN is no number"),
        ({"nme_val": {"all": float("inf")}}, "Infinity is no number"),
        ({"nme_val": {"\x1b": 1.0}}, "an attribute should be a text"),
        ({"licence": "\ud800"}, "lone surrogate"),
        ({"licence": json.loads("[" * 60 + "]" * 60)}, "nested deeper"),
        ({"trust_output": "\x1b"}, "trust_output must be a text"),
    ],
)
def test_a_card_with_nonsense_is_refused_with_the_field(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    said = json.loads(CARD.to_metadata()[METADATA_KEY]) | change
    path = write_model(tmp_path / "odd.onnx", metadata={METADATA_KEY: json.dumps(said)})
    assert words in _problem(path)


def test_a_card_that_leaves_something_out_or_is_a_list_is_refused(tmp_path: Path) -> None:
    said = json.loads(CARD.to_metadata()[METADATA_KEY])
    del said["crop_scale"]
    path = write_model(tmp_path / "odd.onnx", metadata={METADATA_KEY: json.dumps(said)})
    assert "does not say: crop_scale" in _problem(path)
    write_model(path, metadata={METADATA_KEY: "[1, 2]"})
    assert "no JSON object" in _problem(path)


def test_a_card_of_the_wrong_input_size_says_what_the_network_takes(tmp_path: Path) -> None:
    problem = _problem(write_model(tmp_path / "small.onnx", size=32))
    assert "(1, 3, 16, 16)" in problem
    assert "[1, 3, 32, 32]" in problem or "(1, 3, 32, 32)" in problem


@pytest.mark.parametrize("depth", [1, 3])
def test_a_network_with_its_colours_last_says_so_and_what_to_do(
    depth: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_model(tmp_path / "nhwc.onnx", depth=depth, channels_last=True)
    assert f"colours last (NHWC: 1, 16, 16, {depth})" in _problem(path)
    write_model(path, depth=depth, channels_last=True, card=None)
    for command in (["card", str(path)], ["card", str(path), "--set", "layout=ibug68"]):
        assert main(command) == 2
        (sentence,) = capsys.readouterr().err.splitlines()
        assert "nhwc.onnx: the network takes its colours last" in sentence
        assert "export it again" in sentence


def test_a_card_with_too_few_points_says_how_many_are_needed(tmp_path: Path) -> None:
    assert "136 numbers" in _problem(write_model(tmp_path / "few.onnx", numbers=30))


def test_a_pose_that_is_not_three_numbers_is_refused(tmp_path: Path) -> None:
    path = write_model(tmp_path / "pose.onnx", pose_output="angles", angles=(1.0, 2.0))
    assert "must be yaw, pitch and roll, the network gives shape (1, 2)" in _problem(path)


def test_a_card_that_names_a_missing_output_lists_those_there_are(tmp_path: Path) -> None:
    problem = _problem(write_model(tmp_path / "out.onnx", points_output="landmarks"))
    assert "landmarks" in problem
    assert "points, trust" in problem


def test_one_broken_file_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"nonsense")
    write_model(tmp_path / "b.onnx")
    zoo = Zoo.scan([tmp_path])
    assert [entry.path.name for entry in zoo.usable] == ["b.onnx"]
    assert len(zoo.entries) == 2


def test_two_files_with_the_same_label_stay_apart(tmp_path: Path) -> None:
    write_model(tmp_path / "one.onnx")
    write_model(tmp_path / "two.onnx")
    labels = [entry.label for entry in Zoo.scan([tmp_path]).entries]
    assert len(set(labels)) == 2


def test_a_missing_folder_is_an_empty_zoo(tmp_path: Path) -> None:
    zoo = Zoo.scan([tmp_path / "nowhere"])
    assert zoo.entries == ()
    with pytest.raises(ModelError, match="No usable model"):
        zoo.default()


def test_a_model_is_found_by_label_name_file_and_path(tmp_path: Path) -> None:
    path = write_model(tmp_path / "mine.onnx", name="mine")
    zoo = Zoo.scan([tmp_path])
    for text in ("mine fp32", "mine", "mine.onnx", str(path)):
        assert zoo.find(text).path == path
    with pytest.raises(ModelError, match="choose one of: mine fp32"):
        zoo.find("other")


def test_a_bare_name_means_the_int8_file(tmp_path: Path) -> None:
    write_model(tmp_path / "a.onnx", name="mine")
    write_model(tmp_path / "b.onnx", name="mine", precision="int8")
    assert Zoo.scan([tmp_path]).find("mine").label == "mine int8"


def test_asking_for_a_broken_model_gives_its_reason(tmp_path: Path) -> None:
    write_model(tmp_path / "bare.onnx", card=None)
    with pytest.raises(ModelError, match=r"bare\.onnx cannot be used.*no model card"):
        Zoo.scan([tmp_path]).find("bare.onnx")


def test_the_program_ships_a_default_model_in_int8() -> None:
    entry = Zoo.scan([models_folder()]).default()
    assert entry.card is not None
    assert entry.card.precision == "int8"
    assert entry.card.layout == "ibug68"
    assert entry.card.licence
    assert entry.card.trained_on


def test_the_default_is_the_one_that_the_readme_names() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    (named,) = re.findall(r"`(\S+)` \(default\) \| (\w+)", readme)
    assert Zoo.scan([models_folder()]).default().label == " ".join(named)


def test_every_shipped_model_can_be_used() -> None:
    assert [e.problem for e in Zoo.scan([models_folder()]).entries if e.problem] == []


def test_a_loaded_model_gives_what_its_card_promises(tmp_path: Path) -> None:
    model = load_model(write_model(tmp_path / "mine.onnx"))
    outputs = model.run(np.full((1, 3, 16, 16), 0.25, np.float32))
    assert outputs["points"].shape == (1, 136)
    assert outputs["trust"].item() == pytest.approx(0.25)
    assert model.card == CARD


def test_a_card_of_a_later_program_is_refused(tmp_path: Path) -> None:
    (text,) = CARD.to_metadata().values()
    later = json.dumps({**json.loads(text), "card_version": 99})
    path = write_model(tmp_path / "later.onnx", metadata={METADATA_KEY: later})
    assert "version 99" in _problem(path)


def test_a_link_that_leads_nowhere_is_listed_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "gone.onnx").symlink_to(tmp_path / "elsewhere.onnx")
    assert "cannot be opened" in _problem(tmp_path / "gone.onnx")


@pytest.mark.parametrize(
    "values", [{"nme_val": [3.0]}, {"nme_val": {"all": "low"}}, {"milliseconds": "few"}]
)
def test_a_card_with_words_in_the_place_of_numbers_is_refused(
    tmp_path: Path, values: dict[str, object]
) -> None:
    metadata = CARD.to_metadata()
    card = json.loads(metadata[METADATA_KEY]) | values
    path = write_model(tmp_path / "bad.onnx", metadata={METADATA_KEY: json.dumps(card)})
    assert "cannot be read" in _problem(path)


def test_a_heavy_model_is_no_model_to_start_with(tmp_path: Path) -> None:
    for name, error in {"light": 3.0, "heavy": 1.0}.items():
        write_model(tmp_path / f"{name}.onnx", name=name, precision="int8", nme_val={"all": error})
    assert Zoo.scan([tmp_path]).default().label == "heavy int8"
    path = tmp_path / "heavy.onnx"
    model = onnx.load(path)
    model.doc_string = "x" * 2_200_000
    onnx.save(model, path)
    assert Zoo.scan([tmp_path]).default().label == "light int8"


def test_a_slow_model_or_one_of_other_points_is_no_model_to_start_with(tmp_path: Path) -> None:
    errors = {"slow": 1.0, "other": 2.0, "quick": 3.0, "worse": 4.0}
    for name, error in errors.items():
        write_model(
            tmp_path / f"{name}.onnx",
            name=name,
            precision="int8",
            nme_val={"all": error},
            milliseconds=30.0 if name == "slow" else 1.0,
            layout="keypoints15" if name == "other" else "ibug68",
            numbers=30 if name == "other" else 136,
        )
    assert Zoo.scan([tmp_path]).default().label == "quick int8"


@pytest.mark.skipif(
    peak_rss_mb() == 0, reason="this system does not tell how much memory was taken"
)
def test_listing_a_large_model_takes_little_more_memory_than_its_file() -> None:
    # A start lists all files and uses one; making all of them fast took seven times the largest.
    program = """
import sys
from app.core.memory import peak_rss_mb
from app.vision.zoo import Zoo
zoo = Zoo.scan([])
zoo.find(sys.argv[1])
before = peak_rss_mb()
entry = zoo.find(sys.argv[2])
print((peak_rss_mb() - before) / entry.megabytes)
"""
    small, *_, large = sorted(models_folder().glob("*.onnx"), key=lambda path: path.stat().st_size)
    done = subprocess.run(
        [sys.executable, "-c", program, str(small), str(large)],
        capture_output=True,
        check=True,
    )
    assert float(done.stdout) < 4
