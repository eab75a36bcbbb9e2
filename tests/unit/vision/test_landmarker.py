from pathlib import Path

import numpy as np
import pytest

from app._opencv import cv2
from app.core.errors import ModelError
from app.core.face import Box, HeadPose, Visibility
from app.core.geometry import crop_transform
from app.vision.crop import cut_crop
from app.vision.landmarker import OnnxLandmarker
from app.vision.session import load_model
from tests.unit.vision.tiny_model import write_model


@pytest.mark.parametrize("side", [60, 112, 300, 700, 1500])
def test_a_mark_on_a_face_of_any_size_lands_where_the_transform_says(side: int) -> None:
    image = np.zeros((2000, 2400, 3), np.uint8)
    mark = (1000 + side // 5, 900 - side // 7)
    cv2.circle(image, mark, max(side // 20, 2), (255, 255, 255), -1)
    box = Box(1000 - side / 2, 900 - side / 2, 1000 + side / 2, 900 + side / 2)
    transform = crop_transform(box, scale=1.3, shift=0.0, size=112)
    crop = cut_crop(image, transform, 112)[:, :, 0].astype(np.float64)
    rows, columns = np.indices(crop.shape)
    seen = np.array([(columns * crop).sum(), (rows * crop).sum()]) / crop.sum()
    assert seen == pytest.approx(transform @ [*mark, 1], abs=0.15)


def test_a_large_face_is_averaged_and_not_sampled() -> None:
    stripes = np.zeros((1200, 1200, 3), np.uint8)
    stripes[:, ::2] = 255
    transform = crop_transform(Box(100, 100, 1100, 1100), scale=1.0, shift=0.0, size=112)
    crop = cut_crop(stripes, transform, 112)
    assert abs(float(crop.mean()) - 127.5) < 2
    assert crop.std() < 20


def test_what_lies_outside_the_frame_is_black() -> None:
    image = np.full((400, 400, 3), 200, np.uint8)
    for side in (100, 600):
        transform = crop_transform(
            Box(-side / 2, 0, side / 2, side), scale=1.0, shift=0.0, size=112
        )
        crop = cut_crop(image, transform, 112)
        assert crop[20, :50].max() == 0
        assert crop[20, 60:90].min() >= 199


def test_a_box_beyond_the_frame_gives_points_and_no_error(tmp_path: Path) -> None:
    landmarker = OnnxLandmarker(load_model(write_model(tmp_path / "m.onnx")))
    image = np.full((1, 1, 3), 255, np.uint8)
    found = landmarker.locate(image, Box(500, 500, 900, 900))
    assert found.points.shape == (68, 2)
    assert found.trust == 0


@pytest.mark.parametrize("coordinates", ["unit", "symmetric", "pixels"])
def test_the_middle_of_the_crop_is_the_middle_of_the_box(tmp_path: Path, coordinates: str) -> None:
    # The network always says 0.5: the middle in unit coordinates, elsewhere in the others.
    path = write_model(tmp_path / "m.onnx", coordinates=coordinates)
    landmarker = OnnxLandmarker(load_model(path))
    points = landmarker.locate(np.zeros((300, 300, 3), np.uint8), Box(100, 100, 200, 200)).points
    share = {"unit": 0.5, "symmetric": 0.75, "pixels": 0.5 / 16}[coordinates]
    left = 150 - 130 / 2
    assert points[0] == pytest.approx([left + share * 130, left + share * 130], abs=1e-2)


def test_brighter_crops_are_trusted_more(tmp_path: Path) -> None:
    landmarker = OnnxLandmarker(load_model(write_model(tmp_path / "m.onnx")))
    dark, bright = (np.full((200, 200, 3), level, np.uint8) for level in (0, 255))
    box = Box(50, 50, 150, 150)
    assert landmarker.locate(dark, box).trust == 0
    assert landmarker.locate(bright, box).trust == pytest.approx(1)


@pytest.mark.parametrize("channels", ["bgr", "rgb"])
@pytest.mark.parametrize("std", [(100.0, 200.0, 400.0), (80.0, 80.0, 80.0)])
def test_colours_are_normalised_in_the_order_of_the_card(
    tmp_path: Path, channels: str, std: tuple[float, ...]
) -> None:
    # The trust of this network is the mean of its input, so it shows what it was given.
    mean = (10.0, 20.0, 30.0)
    path = write_model(tmp_path / "m.onnx", channels=channels, mean=mean, std=std)
    image = np.zeros((200, 200, 3), np.uint8)
    image[:] = (50, 100, 150)
    found = OnnxLandmarker(load_model(path)).locate(image, Box(50, 50, 150, 150))
    seen = (50, 100, 150) if channels == "bgr" else (150, 100, 50)
    wanted = np.mean([(s - m) / d for s, m, d in zip(seen, mean, std, strict=True)])
    assert found.trust == pytest.approx(wanted, abs=1e-5)


def test_a_grey_network_sees_the_brightness_that_opencv_sees(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx", depth=1, channels="grey", mean=(30.0,), std=(50.0,))
    image = np.zeros((200, 200, 3), np.uint8)
    image[:] = (50, 100, 150)
    found = OnnxLandmarker(load_model(path)).locate(image, Box(50, 50, 150, 150))
    grey = float(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[0, 0])
    assert found.trust == pytest.approx((grey - 30) / 50, abs=1e-5)


def test_an_input_of_any_size_is_filled(tmp_path: Path) -> None:
    for size in (8, 96, 224, 1024):
        path = write_model(tmp_path / f"{size}.onnx", size=size, input_size=size)
        image = np.full((400, 400, 3), 255, np.uint8)
        found = OnnxLandmarker(load_model(path)).locate(image, Box(150, 150, 250, 250))
        assert found.trust == pytest.approx(1)
        assert found.points[0] == pytest.approx([200, 200], abs=0.01)


def test_the_pose_of_a_network_is_turned_back_with_its_crop(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx", pose_output="angles", pose_source="network")
    landmarker = OnnxLandmarker(load_model(path))
    image = np.zeros((300, 300, 3), np.uint8)
    upright = landmarker.locate(image, Box(100, 100, 200, 200)).pose
    tilted = landmarker.locate(image, Box(100, 100, 200, 200, roll=30.0)).pose
    over = landmarker.locate(image, Box(100, 100, 200, 200, roll=178.0)).pose
    assert upright == HeadPose(10, -20, 5)
    assert tilted == HeadPose(10, -20, 35)
    assert over == HeadPose(10, -20, -177)


def test_a_pose_that_the_points_tell_better_is_not_used(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx", pose_output="angles")
    found = OnnxLandmarker(load_model(path)).locate(np.zeros((9, 9, 3), np.uint8), Box(0, 0, 9, 9))
    assert found.pose is None


def test_what_can_be_seen_and_what_a_face_expresses_comes_with_its_points(tmp_path: Path) -> None:
    path = write_model(
        tmp_path / "m.onnx",
        visibility_output="seen",
        expression_output="told",
        expressions=("eyeBlinkLeft", "jawOpen"),
    )
    found = OnnxLandmarker(load_model(path)).locate(np.zeros((9, 9, 3), np.uint8), Box(0, 0, 9, 9))
    assert found.visibility == Visibility(left_eye=0.25, right_eye=0.5, mouth=0.75)
    assert found.expression == {"eyeBlinkLeft": 0.125, "jawOpen": 1.0}


def test_a_model_that_tells_nothing_besides_gives_nothing_besides(tmp_path: Path) -> None:
    landmarker = OnnxLandmarker(load_model(write_model(tmp_path / "m.onnx")))
    found = landmarker.locate(np.zeros((9, 9, 3), np.uint8), Box(0, 0, 9, 9))
    assert found.visibility is None
    assert found.expression is None


@pytest.mark.parametrize(
    ("outputs", "says"),
    [
        ({"seen": (0.5, 0.5)}, "'seen' must be three numbers"),
        ({"seen": (0.5,) * 4}, "'seen' must be three numbers"),
        ({"told": (0.5,)}, "'told' must be 2 numbers"),
        ({"told": (0.5,) * 52}, "'told' must be 2 numbers"),
    ],
)
def test_outputs_of_another_size_than_the_card_says_are_refused(
    tmp_path: Path, outputs: dict, says: str
) -> None:
    path = write_model(
        tmp_path / "m.onnx",
        visibility_output="seen",
        expression_output="told",
        expressions=("eyeBlinkLeft", "jawOpen"),
        **outputs,
    )
    with pytest.raises(ModelError, match=says):
        load_model(path)


@pytest.mark.parametrize(
    "named",
    [
        {"visibility_output": "nothing"},
        {"expression_output": "nothing", "expressions": ("jawOpen",)},
    ],
)
def test_an_output_that_the_network_lacks_is_refused(tmp_path: Path, named: dict) -> None:
    with pytest.raises(ModelError, match="nothing"):
        load_model(write_model(tmp_path / "m.onnx", **named))
