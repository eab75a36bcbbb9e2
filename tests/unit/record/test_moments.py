"""The last seconds as JPEGs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from app.core.errors import OutputError
from app.record import moments
from app.record.moments import LAST_S, MOST_FPS, WIDTH, Moment, MomentMemory


@pytest.fixture
def memory() -> Iterator[MomentMemory]:
    memory = MomentMemory()
    memory.start()
    yield memory
    assert memory.stop()


def remember(memory: MomentMemory, seconds: float, fps: float = 30.0) -> None:
    image = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    for number in range(round(seconds * fps)):
        memory.put(image, number / fps)
        assert memory.wait_idle(10.0)


def test_every_other_picture_of_thirty_a_second_is_remembered_for_some_seconds(
    memory: MomentMemory,
) -> None:
    remember(memory, LAST_S + 5.0)
    moment = memory.between(0.0, 100.0)
    assert np.allclose(np.diff(moment.times_s), 1 / MOST_FPS, atol=1e-6)
    assert moment.times_s[-1] - moment.times_s[0] == pytest.approx(LAST_S, abs=0.1)
    assert memory.size == moment.size
    assert memory.dropped == 0


def test_memory_is_bounded(memory: MomentMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "MOST_BYTES", 40_000)
    remember(memory, 3.0)
    assert 20_000 < memory.size <= 40_000
    assert memory.between(0, 100).times_s[-1] > 2.9


def test_a_picture_of_a_moment_is_found_by_its_time() -> None:
    moment = Moment((1.0, 2.0, 3.0), (b"a", b"b", b"c"))
    assert moment.at(2.2) == b"b"
    assert moment.at(99) == b"c"
    assert Moment().at(1.0) is None


def test_a_moment_becomes_a_video_with_its_times(memory: MomentMemory, tmp_path: Path) -> None:
    memory.put(np.zeros((480, 640, 3), np.uint8), 5.0)
    memory.put(np.zeros((480, 640, 3), np.uint8), 5.5)
    assert memory.wait_idle(10.0)
    path = tmp_path / "moment.mp4"
    memory.between(0, 10).write(path)
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    assert [float(frame.time) for frame in frames] == pytest.approx([0.0, 0.5], abs=0.002)
    assert frames[0].width == WIDTH
    with pytest.raises(OutputError, match="does not exist"):
        memory.between(0, 10).write(tmp_path / "none" / "moment.mp4")
