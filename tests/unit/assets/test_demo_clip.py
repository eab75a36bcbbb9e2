"""The bundled clip and its labels keep what they promise to the tests and to the first user."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.core.face import Box
from app.core.layout import IBUG68
from app.core.openings import eye_aspect_ratios, mouth_aspect_ratio
from app.evaluate.attributes import ATTRIBUTES

av = pytest.importorskip("av")

ASSETS = Path(__file__).parents[3] / "assets"
CLIP = ASSETS / "demo.mp4"
LABELS = ASSETS / "demo.labels.jsonl"
MAIN, VISITOR = 0, 1


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in LABELS.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def header(lines: list[dict[str, Any]]) -> dict[str, Any]:
    return lines[0]


@pytest.fixture(scope="module")
def frames(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return lines[1:]


@pytest.fixture(scope="module")
def main_faces(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The main face of each frame."""
    return [next(face for face in frame["faces"] if face["person"] == MAIN) for frame in frames]


def events(header: dict[str, Any], kind: str, person: int = MAIN) -> list[dict[str, Any]]:
    return [e for e in header["events"] if e["kind"] == kind and e["person"] == person]


def frames_of(event: dict[str, Any], fps: float, *, margin_s: float = 0.0) -> list[int]:
    """Frames within an event, without a margin at both ends."""
    first = math.ceil((event["start_s"] + margin_s) * fps)
    last = math.floor((event["start_s"] + event["duration_s"] - margin_s) * fps)
    return list(range(first, last + 1))


def points_of(faces: Sequence[dict[str, Any]]) -> np.ndarray:
    return np.array([face["points"] for face in faces], np.float64)


def test_the_clip_is_20_seconds_of_640x480_at_30_fps_in_under_4_mb() -> None:
    with av.open(str(CLIP)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert (stream.codec_context.width, stream.codec_context.height) == (640, 480)
        assert stream.average_rate == 30
        times = [frame.time for frame in container.decode(stream)]
    assert np.allclose(times, np.arange(600) / 30, atol=1e-6)
    assert CLIP.stat().st_size < 4_000_000


def test_the_labels_name_the_clip_and_have_a_line_per_frame(
    header: dict[str, Any], frames: list[dict[str, Any]]
) -> None:
    assert (header["format"], header["version"]) == ("pfld-live-labels", 1)
    assert header["clip"] == CLIP.name
    assert header["layout"] == IBUG68.name
    assert header["frames"] == len(frames) == 600
    assert header["fps"] == 30
    assert [frame["frame"] for frame in frames] == list(range(600))
    assert np.allclose([frame["time_s"] for frame in frames], np.arange(600) / 30, atol=1e-4)
    assert LABELS.stat().st_size < 1_500_000


def test_every_labelled_face_has_68_finite_points_and_known_words(
    frames: list[dict[str, Any]],
) -> None:
    for frame in frames:
        for face in frame["faces"]:
            points = np.array(face["points"])
            assert points.shape == (68, 2)
            assert np.isfinite(points).all()
            assert set(face["attributes"]) <= set(ATTRIBUTES)
            assert all(0 <= index < 68 for index in face["hidden"] + face["turned_away"])
            assert all(0 <= opening <= 1 for opening in face["eyes"].values())
            assert 0 <= face["mouth_open"] <= 1
            assert set(face["pose"]) == {"yaw", "pitch", "roll"}


def test_the_main_person_is_there_in_every_frame_and_the_second_for_a_while(
    header: dict[str, Any], frames: list[dict[str, Any]]
) -> None:
    persons = [[face["person"] for face in frame["faces"]] for frame in frames]
    assert all(present[0] == MAIN for present in persons)
    (visit,) = events(header, "second_face", VISITOR)
    seen = [number for number, present in enumerate(persons) if VISITOR in present]
    assert seen == list(range(seen[0], seen[-1] + 1))
    assert seen[0] / 30 == pytest.approx(visit["start_s"], abs=1e-3)
    assert len(seen) / 30 == pytest.approx(visit["duration_s"], abs=1e-3)
    assert len(seen) > 90


def test_the_events_lie_within_the_clip(header: dict[str, Any]) -> None:
    for event in header["events"]:
        assert 0 <= event["start_s"] < 20
        assert 0 < event["duration_s"] <= 20 - event["start_s"] + 1e-6
    assert len(events(header, "blink")) >= 6
    assert all(0.15 <= event["duration_s"] <= 0.3 for event in events(header, "blink"))
    assert [round(e["duration_s"], 2) for e in events(header, "closure")] == [2.0]
    assert [e["duration_s"] > 2 for e in events(header, "yawn")] == [True]


def test_the_eyes_are_shut_in_blinks_and_in_the_closure_and_open_elsewhere(
    header: dict[str, Any], main_faces: list[dict[str, Any]]
) -> None:
    ratios = eye_aspect_ratios(points_of(main_faces), IBUG68).mean(axis=1)
    (closure,) = events(header, "closure")
    assert ratios[frames_of(closure, 30, margin_s=0.05)].max() < 0.1
    near = np.zeros(600, bool)
    for event in [closure, *events(header, "blink")]:
        assert ratios[frames_of(event, 30)].min() < 0.12
        wide = {**event, "start_s": event["start_s"] - 0.1, "duration_s": event["duration_s"] + 0.2}
        near[[number for number in frames_of(wide, 30) if 0 <= number < 600]] = True
    turned = np.array([abs(face["pose"]["pitch"]) > 10 for face in main_faces])
    assert ratios[~near & ~turned].min() > 0.18
    assert ratios[~near].min() > 0.13


def test_the_mouth_is_wide_in_the_yawn_and_nearly_closed_at_rest(
    header: dict[str, Any], main_faces: list[dict[str, Any]]
) -> None:
    ratios = mouth_aspect_ratio(points_of(main_faces), IBUG68)
    (yawn,) = events(header, "yawn")
    assert ratios[frames_of(yawn, 30, margin_s=0.2)].min() > 0.5
    (closure,) = events(header, "closure")
    assert ratios[frames_of(closure, 30)].max() < 0.1


@pytest.mark.parametrize(
    ("kind", "angle", "smallest"), [("turn", "yaw", 35), ("nod", "pitch", 17), ("tilt", "roll", 17)]
)
def test_head_movements_go_both_ways_as_their_events_say(
    header: dict[str, Any],
    main_faces: list[dict[str, Any]],
    kind: str,
    angle: str,
    smallest: float,
) -> None:
    values = np.array([face["pose"][angle] for face in main_faces])
    found = events(header, kind)
    assert {np.sign(event[angle]) for event in found} == {-1, 1}
    for event in found:
        sign = np.sign(event[angle])
        assert (sign * values[frames_of(event, 30)]).max() > smallest


def test_the_points_move_as_the_pose_says(main_faces: list[dict[str, Any]]) -> None:
    points = points_of(main_faces)
    pose = {a: np.array([f["pose"][a] for f in main_faces]) for a in ("yaw", "pitch", "roll")}
    upright = np.abs(pose["roll"]) < 5
    eyes = points[:, 45] - points[:, 36]
    tilt = np.degrees(np.arctan2(eyes[:, 1], eyes[:, 0]))
    straight = (np.abs(pose["yaw"]) < 5) & (np.abs(pose["pitch"]) < 8)
    assert np.abs(tilt - pose["roll"])[straight].max() < 3
    # the nose goes to the side that the face turns to, and up with the gaze
    middle = (points[:, 45] + points[:, 36]) / 2
    nose = (points[:, 30] - middle) / np.linalg.norm(eyes, axis=1, keepdims=True)
    assert np.corrcoef(nose[upright, 0], pose["yaw"][upright])[0, 1] > 0.95
    nodding = upright & (np.abs(pose["yaw"]) < 5)
    assert np.corrcoef(nose[nodding, 1], pose["pitch"][nodding])[0, 1] < -0.95


def test_the_occluder_hides_points_only_while_it_passes(
    header: dict[str, Any], main_faces: list[dict[str, Any]]
) -> None:
    hidden = np.array([len(face["hidden"]) for face in main_faces])
    flagged = np.array(["occlusion" in face["attributes"] for face in main_faces])
    assert (flagged == (hidden > 0)).all()
    (passing,) = events(header, "occluder")
    inside = frames_of(passing, 30)
    assert hidden[inside].max() > 20
    assert hidden[: inside[0] - 1].max() == 0


def test_blazeface_finds_the_main_face_in_every_sampled_frame(
    frames: list[dict[str, Any]], main_faces: list[dict[str, Any]]
) -> None:
    mediapipe = pytest.importorskip("mediapipe")
    missed = []
    with (
        av.open(str(CLIP)) as container,
        mediapipe.solutions.face_detection.FaceDetection(
            model_selection=0, min_detection_confidence=0.5
        ) as detector,
    ):
        for number, frame in enumerate(container.decode(video=0)):
            if number % 10 or "occlusion" in main_faces[number]["attributes"]:
                continue
            found = detector.process(frame.to_ndarray(format="rgb24")).detections or []
            boxes = [
                Box(b.xmin * 640, b.ymin * 480, (b.xmin + b.width) * 640, (b.ymin + b.height) * 480)
                for b in (detection.location_data.relative_bounding_box for detection in found)
            ]
            truth = Box.around(np.array(main_faces[number]["points"]))
            if max((truth.iou(box) for box in boxes), default=0.0) < 0.4:
                missed.append(number)
    assert missed == []
