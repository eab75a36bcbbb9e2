from pathlib import Path

import numpy as np
import pytest

from app.core.errors import SourceError
from models.training.cli import main
from models.training.crops import build_crops, load_crops
from models.training.labels import Labels, label_file
from models.training.packing import pack, unpack


@pytest.fixture
def packed(drawn_data: Path, drawn_labels: Labels, tmp_path: Path) -> Path:
    build_crops(drawn_data, drawn_labels, tmp_path / "crops")
    crops = load_crops(tmp_path / "crops", drawn_labels)
    pack(drawn_labels, crops, tmp_path / "packed", parts=2, quality=90)
    return tmp_path


def test_what_was_packed_trains_elsewhere(packed: Path, drawn_labels: Labels) -> None:
    before = load_crops(packed / "crops", drawn_labels)
    # The files may come in several loads.
    (packed / "second").mkdir()
    (packed / "packed" / "pictures-1.npz").rename(packed / "second" / "pictures-1.npz")
    labels = unpack([packed / "packed", packed / "second"], packed / "elsewhere")
    after = load_crops(packed / "elsewhere", labels)
    assert np.array_equal(labels.paths, drawn_labels.paths)
    assert np.array_equal(labels.rotations, drawn_labels.rotations)
    assert np.abs(after.points - before.points).max() < 0.01
    assert np.abs(after.meshes - before.meshes).max() < 0.5
    for row in range(len(labels)):
        assert np.abs(after.image(row).astype(int) - before.image(row)).mean() < 4.0
    assert len(after.backgrounds) == len(before.backgrounds)
    size = sum(file.stat().st_size for file in (packed / "second").iterdir())
    assert size < before.images.nbytes / 20


def test_a_part_that_is_missing_is_named(packed: Path) -> None:
    (packed / "packed" / "pictures-1.npz").unlink()
    with pytest.raises(SourceError, match=r"pictures-1\.npz is missing"):
        unpack([packed / "packed"], packed / "elsewhere")


def test_faces_are_not_unpacked_over_labels(
    packed: Path, drawn_labels: Labels, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn_labels.save(label_file(packed / "runs"))
    before = label_file(packed / "runs").read_bytes()
    assert main(["--runs", str(packed / "runs"), "unpack", str(packed / "packed")]) == 2
    assert "name another folder" in capsys.readouterr().err
    assert label_file(packed / "runs").read_bytes() == before
