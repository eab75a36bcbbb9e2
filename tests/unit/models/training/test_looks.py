from pathlib import Path

import numpy as np
import pytest

from app.core.layout import MESH478
from app.core.mesh import ibug68_from_mesh
from models.training.looks import measure_looks
from models.training.meshes import ATTENTIVE, VIEWS

PICTURES = 12


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Tables of p1, and what a teacher with a noise of 2 pixels saw of faces 60 pixels wide."""
    rng = np.random.default_rng(0)
    faces = 60 * rng.uniform(-0.5, 0.5, (PICTURES, 478, 3)) + 100
    faces[:, 33], faces[:, 263] = (70, 100, 100), (130, 100, 100)
    points = ibug68_from_mesh(faces[..., :2])
    names = ",".join(f"{axis}{i}" for i in range(68) for axis in "xy")
    rows = [
        f"images/{i}.jpg,a,train," + ",".join(map(str, p.ravel())) for i, p in enumerate(points)
    ]
    (tmp_path / "p1").mkdir()
    table = "\n".join([f"image,identity,split,{names}", *rows]) + "\n"
    (tmp_path / "p1" / "keypoints.csv").write_text(table)
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "manifest.csv").write_text("image,source,masked,identity\n")
    for view in VIEWS:
        seen = faces + rng.normal(0, 2, faces.shape)
        if view.mirrored:
            seen = seen[:, list(MESH478.mirror)]
        seen[-1] = np.nan  # no face found
        paths = np.array([f"p1/images/{i}.jpg" for i in range(PICTURES)])
        np.savez(tmp_path / f"{view.name}.npz", paths=paths, meshes=seen.astype(np.float32))
    return tmp_path


def test_the_mean_of_more_looks_lies_nearer_to_the_truth(folder: Path) -> None:
    rows, pictures = measure_looks(folder, folder)
    assert pictures == PICTURES - 1
    counts = [str(n) for n in range(1, len(ATTENTIVE) + 1)]
    assert [row.says for row in rows] == [*counts, "4 without attention", "all of both networks"]
    # The noise of a mean of n falls with the root of n.
    assert rows[0].error / rows[-3].error == pytest.approx(np.sqrt(len(ATTENTIVE)), rel=0.15)
    assert rows[-1].error < rows[3].error < rows[0].error
    assert rows[-2].error == pytest.approx(rows[3].error, rel=0.3)
    assert rows[-1].distance == pytest.approx(0.0, abs=1e-6)
    assert rows[0].distance > rows[5].distance > 0.001
