from pathlib import Path

import av
import numpy as np
import pytest

from app.core.errors import PfldLiveError
from app.core.frame import Image
from app.record.steady import SteadySink
from app.record.video import VideoSink


def picture(value: int) -> Image:
    return np.full((48, 64, 3), value, np.uint8)


def record(path: Path, rate: float, times_ms: list[int]) -> list[tuple[float, int]]:
    """Time and number of the picture shown, for each frame of the video."""
    with SteadySink(VideoSink(path), rate) as sink:
        for i, time_ms in enumerate(times_ms):
            sink.write(picture(20 * i), 5_000_000_000 + time_ms * 1_000_000)
    with av.open(str(path)) as container:
        return [
            (float(f.time), round(float(f.to_ndarray(format="bgr24").mean()) / 20))
            for f in container.decode(video=0)
        ]


@pytest.mark.parametrize("rate", [10.0, 25.0, 29.97, 30.0])
def test_pictures_follow_each_other_at_one_rate(tmp_path: Path, rate: float) -> None:
    frames = record(tmp_path / "out.mp4", rate, [0, 33, 100, 110, 400, 1000])
    times = np.array([t for t, _ in frames])
    assert np.diff(times) == pytest.approx(1 / rate, abs=0.001)
    assert times[-1] == pytest.approx(1.0, abs=0.5 / rate + 0.001)


def test_a_picture_is_repeated_until_the_next_one_and_of_two_the_later_is_kept(
    tmp_path: Path,
) -> None:
    frames = record(tmp_path / "out.mp4", 10.0, [0, 300, 390, 410, 500])
    assert [n for _, n in frames] == [0, 0, 0, 1, 3, 4]


def test_time_that_jumps_back_goes_on_one_step_later(tmp_path: Path) -> None:
    frames = record(tmp_path / "out.mp4", 10.0, [0, 100, 200, 0, 100])
    assert [n for _, n in frames] == [0, 1, 2, 3, 4]


def test_nothing_recorded_leaves_nothing_behind(tmp_path: Path) -> None:
    sink = SteadySink(VideoSink(tmp_path / "out.mp4"), 30.0)
    sink.close()
    sink.close()
    assert list(tmp_path.iterdir()) == []


def test_an_impossible_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PfldLiveError, match="between 1 and 120 fps"):
        SteadySink(VideoSink(tmp_path / "out.mp4"), 0.0)
