from app.core.face import Box
from app.core.smoothing import PointSmoother, SmoothingSettings
from app.vision.tracker import CONFIRMED_FOR_S, REMEMBERED_FOR_S, Tracker


def _box(x: float, y: float = 100, side: float = 80) -> Box:
    return Box(x, y, x + side, y + side, 0.9)


def _step(tracker: Tracker, time_s: float, *boxes: Box) -> list[int]:
    tracker.detections(boxes, time_s=time_s)
    tracker.prune(time_s)
    return [track.id for track in tracker.active(time_s)]


def test_faces_keep_their_ids_while_they_move() -> None:
    tracker = Tracker()
    for i in range(30):
        assert _step(tracker, i / 30, _box(100 + 5 * i), _box(400 - 5 * i, y=300)) == [1, 2]
        for track, box in zip(
            tracker.tracks, (_box(100 + 5 * i), _box(400 - 5 * i, y=300)), strict=True
        ):
            track.box = box  # as the landmarks move it


def test_a_short_loss_keeps_the_id() -> None:
    tracker = Tracker()
    _step(tracker, 0.0, _box(100))
    assert _step(tracker, 0.8) == []
    assert _step(tracker, 1.0, _box(120)) == [1]


def test_a_long_loss_gives_a_new_id() -> None:
    tracker = Tracker()
    _step(tracker, 0.0, _box(100))
    assert _step(tracker, REMEMBERED_FOR_S + 0.1) == []
    assert _step(tracker, REMEMBERED_FOR_S + 0.2, _box(100)) == [2]


def test_a_face_that_nobody_confirms_is_lost_within_a_third_of_a_second() -> None:
    tracker = Tracker()
    _step(tracker, 0.0, _box(100))
    assert _step(tracker, CONFIRMED_FOR_S - 0.01) == [1]
    assert _step(tracker, CONFIRMED_FOR_S + 0.01) == []


def test_points_from_before_a_loss_are_not_smoothed_into_those_after_it() -> None:
    tracker = Tracker()
    _step(tracker, 0.0, _box(100))
    (track,) = tracker.tracks
    for memory in (track.memory, track.rival_memory):
        memory.points = memory.angles = PointSmoother(SmoothingSettings())
    _step(tracker, 0.9, _box(150))
    for memory in (track.memory, track.rival_memory):
        assert memory.points is memory.angles is None
    assert track.box == _box(150)


def test_the_largest_faces_are_followed() -> None:
    tracker = Tracker()
    _step(tracker, 0.0, _box(0, side=40), _box(200, side=120), _box(500, side=80))
    assert sorted(t.box.side for t in tracker.largest(0.0, 2)) == [80, 120]


def test_a_clearly_larger_face_takes_over_and_one_of_like_size_does_not() -> None:
    tracker = Tracker()
    _step(tracker, 0.0, _box(0, side=80))
    tracker.tracks[0].seen_s = 0.0
    _step(tracker, 0.1, _box(0, side=80), _box(300, side=90))
    assert [t.id for t in tracker.largest(0.1, 1)] == [1]
    _step(tracker, 0.2, _box(0, side=80), _box(300, side=90), _box(500, side=160))
    assert [t.box.side for t in tracker.largest(0.2, 1)] == [160]


def test_two_tracks_on_one_face_become_the_older_one() -> None:
    tracker = Tracker()
    _step(tracker, 0.0, _box(100), _box(300))
    tracker.tracks[1].box = _box(103)
    tracker.prune(0.05)
    assert [t.id for t in tracker.tracks] == [1]


def test_ids_are_never_given_twice() -> None:
    tracker = Tracker()
    _step(tracker, 0.0, _box(100))
    tracker.forget()
    assert _step(tracker, 0.1, _box(100)) == [2]
