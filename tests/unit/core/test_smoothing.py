import numpy as np

from app.core.smoothing import PointSmoother, SmoothingSettings

EYE_DISTANCE = 60.0


def _run(samples: np.ndarray, rate: float, *, scale: float = EYE_DISTANCE) -> np.ndarray:
    smoother = PointSmoother(SmoothingSettings())
    return np.array(
        [
            smoother(sample.astype(np.float32), time_s=i / rate, scale=scale)
            for i, sample in enumerate(samples)
        ]
    )


def test_a_still_face_loses_most_of_its_jitter() -> None:
    noise = np.random.default_rng(3).normal(0, 0.4, (300, 68, 2)) + 100
    calm = _run(noise, 30.0)[60:]
    assert calm.std(axis=0).mean() < 0.4 * noise[60:].std(axis=0).mean()


def test_fast_movement_lags_less_than_a_frame() -> None:
    rate, speed = 30.0, 5 * EYE_DISTANCE  # five eye distances a second
    path = np.arange(60)[:, None, None] * speed / rate + np.zeros((60, 68, 2))
    lag_pixels = (path - _run(path, rate))[30:].mean()
    assert lag_pixels < speed / rate


def test_smoothing_does_not_depend_on_the_size_of_the_face() -> None:
    samples = np.random.default_rng(4).normal(0, 1, (50, 68, 2)) + 50
    near = _run(samples * 4, 30.0, scale=4 * EYE_DISTANCE)
    assert np.allclose(near / 4, _run(samples, 30.0), atol=1e-3)


def test_the_same_movement_looks_alike_at_half_the_frame_rate() -> None:
    def path(rate: float) -> np.ndarray:
        times = np.arange(0, 2, 1 / rate)
        return 40 * np.sin(2 * times)[:, None, None] + np.zeros((len(times), 68, 2))

    full, half = _run(path(30.0), 30.0)[::2], _run(path(15.0), 15.0)
    assert np.abs(full - half).max() < 2.0


def test_a_repeated_time_gives_the_last_points_again() -> None:
    smoother = PointSmoother(SmoothingSettings())
    first = smoother(np.zeros((68, 2), np.float32), time_s=1.0, scale=EYE_DISTANCE)
    again = smoother(np.full((68, 2), 9.0, np.float32), time_s=1.0, scale=EYE_DISTANCE)
    assert np.array_equal(first, again)


def test_an_angle_that_passes_180_goes_the_short_way() -> None:
    smoother = PointSmoother(SmoothingSettings())
    angles = [170, 175, 179, -178, -174, -170]
    found = [
        float(smoother(np.array([[a]], np.float32), time_s=i / 30, scale=60.0, turn=360.0)[0, 0])
        for i, a in enumerate(angles)
    ]
    steps = np.diff(np.unwrap(found, period=360))
    assert ((steps > 0) & (steps < 8)).all()
    assert all(-180 <= angle < 180 for angle in found)
