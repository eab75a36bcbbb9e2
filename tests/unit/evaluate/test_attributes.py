import numpy as np
import pytest

from app.core.layout import IBUG68
from app.evaluate.attributes import (
    ATTRIBUTES,
    CLOSED_EYES,
    OPEN_MOUTH,
    attribute_flags,
    shows_expression,
)


def flags_of(yaw: float, pitch: float, *, expression: bool = False, occluded: bool = False) -> set:
    flags = attribute_flags(
        np.array([yaw]),
        np.array([pitch]),
        expression=np.array([expression]),
        occluded=np.array([occluded]),
    )
    return {name for name, flag in zip(ATTRIBUTES, flags[0], strict=True) if flag}


def test_every_face_of_known_pose_has_a_class() -> None:
    yaw, pitch = (grid.ravel() for grid in np.meshgrid(np.arange(-90, 91), np.arange(-90, 91)))
    nothing = np.zeros(len(yaw), bool)
    flags = attribute_flags(yaw * 1.0, pitch * 1.0, expression=nothing, occluded=nothing)
    assert flags.any(axis=1).all()


@pytest.mark.parametrize(
    ("yaw", "pitch", "expected"),
    [
        (0, 0, {"frontal"}),
        (29.9, 14.9, {"frontal"}),
        (30, 0, {"profile"}),
        (-30, 0, {"profile"}),
        (0, 15, {"head-up"}),
        (0, -15, {"head-down"}),
        (45, -20, {"profile", "head-down"}),
    ],
)
def test_the_pose_decides_by_the_limits(yaw: float, pitch: float, expected: set) -> None:
    assert flags_of(yaw, pitch) == expected


def test_a_face_may_have_several_classes() -> None:
    assert flags_of(40, 0, expression=True, occluded=True) == {
        "profile",
        "expression",
        "occlusion",
    }


def test_a_face_of_unknown_pose_has_no_class_of_pose() -> None:
    assert flags_of(np.nan, np.nan, occluded=True) == {"occlusion"}


def face_with(eye_opening: float, mouth_opening: float) -> np.ndarray:
    points = np.zeros((1, 68, 2), np.float32)
    for eye in (IBUG68.left_eye, IBUG68.right_eye):
        p1, p2, p3, p4, p5, p6 = eye
        points[0, p4] = (1, 0)
        points[0, [p2, p3]], points[0, [p5, p6]] = (0.5, -eye_opening / 2), (0.5, eye_opening / 2)
        points[0, p1] = (0, 0)
    points[0, 64], points[0, 62], points[0, 66] = (1, 0), (0.5, 0), (0.5, mouth_opening)
    return points


def test_shut_eyes_an_open_mouth_and_a_labelled_emotion_are_expressions() -> None:
    open_eyes, shut_mouth = CLOSED_EYES.value + 0.1, 0.0
    calm = face_with(open_eyes, shut_mouth)
    assert not shows_expression(calm, IBUG68)[0]
    assert not shows_expression(calm, IBUG68, ["neutral"])[0]
    assert not shows_expression(calm, IBUG68, [""])[0]
    assert shows_expression(calm, IBUG68, ["anger"])[0]
    assert shows_expression(face_with(CLOSED_EYES.value - 0.02, shut_mouth), IBUG68)[0]
    assert shows_expression(face_with(open_eyes, OPEN_MOUTH.value + 0.02), IBUG68)[0]
