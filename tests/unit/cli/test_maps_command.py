from pathlib import Path

import numpy as np
import pytest

from app._opencv import cv2
from app.cli.main import main
from app.core.resources import asset

CLIP = str(asset("demo.mp4"))


def test_the_layers_of_the_network_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["maps", CLIP]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "pfld-0.5x int8: layers of the network"
    assert lines[1].split() == ["1", "Conv,", "16", "maps", "of", "64×64"]


def test_a_layer_and_the_filters_are_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layer, other, filters = (tmp_path / f"{name}.png" for name in ("layer", "other", "filters"))
    assert main(["maps", CLIP, "--output", str(layer)]) == 0
    assert main(["maps", CLIP, "--layer", "2", "--output", str(other)]) == 0
    assert main(["maps", CLIP, "--filters", "--output", str(filters)]) == 0
    pictures = [cv2.imread(str(path)) for path in (layer, other, filters)]
    assert all(picture.std() > 10 for picture in pictures)
    assert not np.array_equal(pictures[0], pictures[1])
    assert "16 filters of 3×3×3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--layer", "99", "--output", "{}/a.png"], "There is no layer 99; the network has 1 to"),
        (["--layer", "2"], "Name the picture to draw with --output"),
        (["--output", "{}/a.txt"], "let it end in .png"),
        (["--model", "mesh478"], "is no ONNX file"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["maps", CLIP, *(text.format(tmp_path) for text in arguments)]) == 2
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_picture_without_a_face_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "wall.png"
    cv2.imwrite(str(picture), np.full((240, 320, 3), 90, np.uint8))
    assert main(["maps", str(picture)]) == 2
    assert "No face was found in wall.png" in capsys.readouterr().err
