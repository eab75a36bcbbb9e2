"""Frames, boxes, faces, layouts: the words refuse what they cannot mean."""

import dataclasses
import json

import numpy as np
import pytest

from app.core.card import ModelCard
from app.core.errors import ModelError, PfldLiveError
from app.core.face import Box, Face
from app.core.frame import Frame
from app.core.layout import IBUG68
from app.core.meters import Percentiles, RateMeter, StageMeter
from app.core.quantity import Quantity

CARD = ModelCard(
    name="pfld-test",
    family="pfld",
    precision="fp32",
    layout="ibug68",
    input_size=112,
    channels="bgr",
    mean=(0.0, 0.0, 0.0),
    std=(255.0, 255.0, 255.0),
    crop_scale=1.3,
    crop_shift=0.0,
    points_output="points",
    coordinates="unit",
    trust_output="trust",
    nme_val={"all": 3.5},
)


def _frame(image: np.ndarray) -> Frame:
    return Frame(image=image, time_ns=0, arrived_ns=0, sequence=0, source="test")


def test_a_frame_cannot_be_written_to() -> None:
    frame = _frame(np.zeros((4, 6, 3), np.uint8))
    assert (frame.width, frame.height) == (6, 4)
    with pytest.raises(ValueError, match="read-only"):
        frame.image[0, 0] = 1


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 4), (0, 6, 3)])
def test_a_frame_names_the_shape_it_refuses(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=str(shape[0])):
        _frame(np.zeros(shape, np.uint8))


def test_a_frame_of_one_pixel_is_a_frame() -> None:
    assert _frame(np.zeros((1, 1, 3), np.uint8)).width == 1


def test_overlap_of_boxes() -> None:
    assert Box(0, 0, 10, 10).iou(Box(0, 0, 10, 10)) == 1
    assert Box(0, 0, 10, 10).iou(Box(5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert Box(0, 0, 10, 10).iou(Box(10, 0, 20, 10)) == 0


def test_a_face_needs_as_many_points_as_its_layout() -> None:
    points = np.zeros((67, 2), np.float32)
    with pytest.raises(ValueError, match=r"\(67, 2\)"):
        Face(1, Box(0, 0, 1, 1), points, IBUG68, None, 1.0, points)


def test_mirroring_ibug68_twice_gives_it_back() -> None:
    points = np.random.default_rng(0).uniform(0, 100, (68, 2)).astype(np.float32)
    twice = IBUG68.mirror_points(IBUG68.mirror_points(points, 101), 101)
    assert np.allclose(twice, points, atol=1e-4)


def test_the_mirror_of_the_left_eye_is_the_right_eye() -> None:
    assert {IBUG68.mirror[i] for i in IBUG68.left_eye} == set(IBUG68.right_eye)
    left, right = IBUG68.outer_eye_corners
    assert IBUG68.mirror[left] == right


def test_closed_regions_join_their_ends() -> None:
    assert (41, 36) in IBUG68.edges
    assert (16, 0) not in IBUG68.edges


def test_a_card_survives_the_way_through_metadata() -> None:
    assert ModelCard.from_metadata(CARD.to_metadata()) == CARD


def test_a_card_that_names_what_it_tells_besides_survives_too() -> None:
    card = dataclasses.replace(
        CARD,
        visibility_output="visibility",
        expression_output="expression",
        expressions=("eyeBlinkLeft", "jawOpen"),
    )
    assert ModelCard.from_metadata(card.to_metadata()) == card


def test_a_card_from_before_there_was_more_to_tell_is_still_read() -> None:
    (key, text), *_ = CARD.to_metadata().items()
    old = json.loads(text)
    for name in ("visibility_output", "expression_output", "expressions"):
        del old[name]
    card = ModelCard.from_metadata({key: json.dumps(old)})
    assert card == CARD
    assert (card.visibility_output, card.expression_output, card.expressions) == (None, None, ())


@pytest.mark.parametrize("expressions", ["jawOpen", {"jawOpen": 1}, 7, None, [1, 2], [["jawOpen"]]])
def test_expressions_that_are_no_list_of_names_are_refused(expressions: object) -> None:
    (key, text), *_ = CARD.to_metadata().items()
    values = json.loads(text) | {"expression_output": "e", "expressions": expressions}
    with pytest.raises(ModelError, match="expression"):
        ModelCard.from_metadata({key: json.dumps(values)})


def test_a_file_without_a_card_is_named() -> None:
    with pytest.raises(ModelError, match="no model card"):
        ModelCard.from_metadata({"something": "else"})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"layout": "aflw21"}, "layout 'aflw21'"),
        ({"channels": "grey"}, "1 numbers"),
        ({"std": (1.0, 0.0, 1.0)}, "std"),
        ({"crop_scale": 40.0}, "crop_scale"),
        ({"precision": "fp8"}, "fp8"),
        ({"visibility_output": ""}, "visibility_output must be a text"),
        ({"expression_output": "", "expressions": ("jawOpen",)}, "expression_output must be"),
        ({"expression_output": "expression"}, "belong together"),
        ({"expressions": ("jawOpen",)}, "belong together"),
        ({"expression_output": "e", "expressions": ("jawOpen", "jawOpen")}, "different names"),
        ({"expression_output": "e", "expressions": ("jaw open",)}, "different names"),
    ],
)
def test_a_card_that_contradicts_itself_says_where(change: dict, problem: str) -> None:
    with pytest.raises(ModelError, match=problem):
        dataclasses.replace(CARD, **change)


def test_a_quantity_out_of_range_names_the_range() -> None:
    angle = Quantity(
        name="Field of view", default=60, low=20, high=140, step=1, unit="°", help="", source=""
    )
    assert angle.check(20) == 20
    with pytest.raises(PfldLiveError, match="between 20 and 140 °, got 150"):
        angle.check(150)


def test_the_rate_of_thirty_frames_a_second_is_thirty() -> None:
    meter = RateMeter()
    for i in range(100):
        meter.tick(int(i / 30 * 1e9))
    assert meter.rate(int(99 / 30 * 1e9)) == pytest.approx(30, rel=0.01)


def test_the_rate_falls_when_events_stop() -> None:
    meter = RateMeter()
    for i in range(60):
        meter.tick(int(i / 30 * 1e9))
    assert meter.rate(int(3.0 * 1e9)) < 20
    assert meter.rate(int(9.0 * 1e9)) == 0


def test_percentiles_of_nothing_are_unknown() -> None:
    assert np.isnan(Percentiles.of([]).p50)


def test_a_stage_meter_forgets_old_frames() -> None:
    meter = StageMeter(length=10)
    for value in [100.0] * 10 + [1.0] * 10:
        meter.add({"total": value})
    assert meter.percentiles()["total"] == Percentiles(1.0, 1.0)
