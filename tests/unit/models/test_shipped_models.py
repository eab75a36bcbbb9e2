"""The model files that lie in the zoo, on frames of the demo clip."""

import json
from itertools import groupby
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from app.core.face import Box
from app.core.geometry import crop_transform, points_from_unit
from app.core.layout import IBUG68, point_map
from app.evaluate.metrics import nme, point_errors
from models.training.evaluation import ModelFile

ROOT = Path(__file__).parents[3]
EVERY = 15  # frames; 40 of the 600 are enough
CAMERA_NOISE = 4.0  # grey levels, standard deviation: a webcam in a room at night
LARGEST_FILE = 20_000_000  # bytes; it lies in the repository


FILES = sorted((ROOT / "models").glob("*.onnx"))


def in_both_precisions() -> list[str]:
    """Names of the models that the zoo holds in fp32 and int8."""
    groups = groupby((path.stem for path in FILES), key=lambda name: name.rpartition("-")[0])
    return [name for name, files in groups if len(list(files)) == 2]


@pytest.fixture(scope="module")
def demo_faces() -> list[tuple]:
    """(picture, true points, yaw) of the main face on some frames of the demo clip."""
    lines = (ROOT / "assets" / "demo.labels.jsonl").read_text(encoding="utf-8").splitlines()
    labels = [json.loads(line) for line in lines[1:]]
    faces = []
    with av.open(str(ROOT / "assets" / "demo.mp4")) as clip:
        for index, frame in enumerate(clip.decode(video=0)):
            if index % EVERY == 0:
                face = labels[index]["faces"][0]
                points = np.array(face["points"], dtype=np.float32)
                faces.append((frame.to_ndarray(format="bgr24"), points, face["pose"]["yaw"]))
    return faces


def predictions(model: ModelFile, faces: list[tuple]) -> tuple[np.ndarray, np.ndarray]:
    """Points and trust around the true face boxes."""
    card = model.card
    points, trusts = [], []
    for image, truth, _ in faces:
        matrix = crop_transform(
            Box.around(truth), scale=card.crop_scale, shift=card.crop_shift, size=card.input_size
        )
        crop = cv2.warpAffine(image, matrix, (card.input_size, card.input_size))
        unit, trust = model.run(crop)
        points.append(points_from_unit(unit, matrix, size=card.input_size))
        trusts.append(trust)
    return np.stack(points), np.array(trusts)


@pytest.mark.parametrize("name", in_both_precisions())
def test_int8_says_what_fp32_says(name: str, demo_faces: list[tuple]) -> None:
    fp32, int8 = (ModelFile(ROOT / "models" / f"{name}-{p}.onnx") for p in ("fp32", "int8"))
    assert (fp32.card.precision, int8.card.precision) == ("fp32", "int8")
    assert fp32.card.name == int8.card.name == name
    exact, _ = predictions(fp32, demo_faces)
    close, _ = predictions(int8, demo_faces)
    difference = nme(point_errors(close, exact, IBUG68))
    assert difference.mean() < 0.01
    assert difference.max() < 0.03


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_model_follows_the_face_of_the_demo(path: Path, demo_faces: list[tuple]) -> None:
    model = ModelFile(path)
    assert path.stem == f"{model.card.name}-{model.card.precision}"
    assert path.stat().st_size < LARGEST_FILE
    points, trust = predictions(model, demo_faces)
    layout = model.card.landmark_layout
    truth = point_map(IBUG68, layout)(np.stack([truth for _, truth, _ in demo_faces]))
    errors = nme(point_errors(points, truth, layout))
    ahead = np.abs([yaw for _, _, yaw in demo_faces]) < 20
    assert np.median(errors[ahead]) < 0.06
    assert np.median(trust) > 0.9
    nothing = np.full((model.card.input_size,) * 2 + (3,), 90, np.uint8)
    assert model.run(nothing)[1] < 0.5


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_still_face_keeps_its_points_under_the_noise_of_a_camera(
    path: Path, demo_faces: list[tuple]
) -> None:
    model = ModelFile(path)
    image, truth, _ = demo_faces[0]
    rng = np.random.default_rng(0)
    seen = []
    for _ in range(100):
        noise = rng.normal(0, CAMERA_NOISE, image.shape)
        noisy = np.clip(image + noise, 0, 255).astype(np.uint8)
        seen.append(predictions(model, [(noisy, truth, 0.0)])[0][0])
    spread = np.linalg.norm(np.std(seen, axis=0), axis=1).mean()
    assert spread / np.linalg.norm(truth[45] - truth[36]) < 0.004


def test_the_zoo_is_not_empty() -> None:
    assert in_both_precisions()
