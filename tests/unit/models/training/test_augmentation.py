import numpy as np
import pytest

from app.core.face import Box
from app.core.geometry import roll_of
from models.training.augmentation import (
    FOLLOWED,
    Jitter,
    badly_framed_transform,
    change_light,
    change_pixels,
    face_transform,
    occlude,
    spoilt_transform,
)

STILL = Jitter(rotation=0.0, scale=0.0, shift=0.0, stretch=0.0)
WILD = Jitter(rotation=20.0, scale=0.1, shift=0.07, stretch=0.06)


def points() -> np.ndarray:
    return np.random.default_rng(0).uniform(40, 120, (68, 2)).astype(np.float32)


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return (points @ np.array([[c, s], [-s, c]])).astype(np.float32)


def placed(matrix: np.ndarray) -> np.ndarray:
    return points() @ matrix[:, :2].T + matrix[:, 2]


def test_without_jitter_the_box_fills_its_share_of_the_crop() -> None:
    matrix = face_transform(
        points(), size=112, crop_scale=1.4, crop_shift=0.0, jitter=STILL,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    box = Box.around(placed(matrix))
    assert box.side == pytest.approx(112 / 1.4)
    assert box.centre == pytest.approx((55.5, 55.5), abs=1e-4)


def test_jitter_has_the_spread_that_was_asked_for() -> None:
    rng = np.random.default_rng(1)
    jitter = Jitter(rotation=0.0, scale=0.1, shift=0.05, stretch=0.0)
    boxes = [
        Box.around(
            placed(
                face_transform(
                    points(), size=112, crop_scale=1.3, crop_shift=0.0, jitter=jitter, rng=rng
                )
            )
        )
        for _ in range(800)
    ]
    sides = np.array([box.side for box in boxes])
    centres = np.array([box.centre for box in boxes])
    assert np.log(sides).std() == pytest.approx(0.1, rel=0.15)
    assert ((centres - 55.5) / sides[:, None]).std() == pytest.approx(0.05, rel=0.2)


def test_a_turned_face_is_framed_by_its_own_box() -> None:
    rng = np.random.default_rng(2)
    jitter = Jitter(rotation=30.0, scale=0.0, shift=0.0, stretch=0.0)
    for _ in range(20):
        matrix = face_transform(
            points(), size=112, crop_scale=1.3, crop_shift=0.0, jitter=jitter, rng=rng
        )
        assert Box.around(placed(matrix)).side == pytest.approx(112 / 1.3, rel=1e-4)


def test_a_followed_face_stands_upright_in_the_middle() -> None:
    rng = np.random.default_rng(2)
    jitter = Jitter(rotation=16.0, scale=0.1, shift=0.07, stretch=0.0, followed=1.0)
    tilted = turned(points(), 25.0)
    rolls, boxes = [], []
    for _ in range(400):
        matrix = face_transform(
            tilted, size=112, crop_scale=1.3, crop_shift=0.0, jitter=jitter, rng=rng
        )
        found = tilted @ matrix[:, :2].T + matrix[:, 2]
        rolls.append(roll_of(found[36], found[45]))
        boxes.append(Box.around(found))
    assert np.mean(rolls) == pytest.approx(0, abs=0.8)
    assert np.std(rolls) == pytest.approx(FOLLOWED * 16, rel=0.15)
    centres = np.array([box.centre for box in boxes])
    assert (centres - 55.5).std() / np.mean([box.side for box in boxes]) < 0.03


def test_bad_frames_are_worse_than_any_jitter() -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        box = Box.around(
            placed(badly_framed_transform(points(), size=112, crop_scale=1.3, rng=rng))
        )
        factor = 112 / 1.3 / box.side
        shift = np.hypot(*(np.array(box.centre) - 55.5)) / box.side
        assert factor <= 0.501 or factor >= 1.999 or shift >= 0.499


def test_spoilt_frames_are_displaced_of_a_wrong_size_or_turned_up_to_upside_down() -> None:
    rng = np.random.default_rng(3)
    upright, kinds, rolls = Box.around(points()), set(), []
    for _ in range(300):
        matrix = spoilt_transform(points(), size=112, crop_scale=1.3, rng=rng)
        zoom = np.hypot(*matrix[:, 0])
        roll = abs(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])))
        factor = 112 / 1.3 / (upright.side * zoom)
        box = Box.around(placed(matrix))
        shift = np.hypot(*(np.array(box.centre) - 55.5)) / box.side
        if roll > 1:
            assert 29.9 < roll <= 180
            assert shift < 0.01
            kinds.add("turned")
            rolls.append(roll)
        elif factor > 1.19:
            assert factor < 2.41
            kinds.add("too large")
        elif factor < 0.81:
            assert factor > 0.29
            kinds.add("too small")
        else:
            assert factor == pytest.approx(1, abs=1e-4)
            assert 0.099 < shift < 0.801
            kinds.add("displaced")
    assert len(kinds) == 4
    assert max(rolls) > 160


def test_changed_pixels_keep_shape_and_type_and_the_original() -> None:
    rng = np.random.default_rng(4)
    image = rng.integers(0, 256, (112, 112, 3)).astype(np.uint8)
    before = image.copy()
    changed = [change_pixels(image, image, rng) for _ in range(100)]
    results = [result for result, _ in changed]
    assert all(r.shape == image.shape and r.dtype == np.uint8 for r in results)
    assert np.array_equal(image, before)
    assert len({r.tobytes() for r in results}) > 80
    covered = [cover.max() for _, cover in changed]
    assert 0.1 < np.mean(covered) < 0.4
    assert set(covered) == {0.0, 1.0}


def test_other_light_leaves_everything_to_be_seen() -> None:
    rng = np.random.default_rng(6)
    ramp = np.linspace(40, 200, 112).astype(np.uint8)
    image = np.repeat(np.broadcast_to(ramp, (112, 112))[..., None], 3, axis=2)
    results = [change_light(image, rng) for _ in range(60)]
    assert len({r.tobytes() for r in results}) > 40
    for changed in results:
        # Every row as the others, still from dark to light.
        assert (changed == changed[:1]).all()
        assert (np.diff(changed[0].astype(int), axis=0) >= 0).all()


def test_an_occluder_covers_a_part_and_never_all() -> None:
    rng = np.random.default_rng(5)
    image = np.zeros((112, 112, 3), np.uint8)
    other = np.full_like(image, 255)
    shares = []
    for _ in range(200):
        seen, cover = occlude(image, other, rng)
        changed = (seen != image).any(axis=2)
        assert not changed[cover == 0].any()
        shares.append(cover.mean())
    assert 0.03 < np.mean(shares) < 0.3
    assert max(shares) < 0.6
