"""A watched driver, as the threads around it see it."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.frame import Frame
from app.driver.live import RECENT_COLUMNS, RECENT_S, LiveDriver
from app.vision.result import FrameResult


def result(number: int, *, model: str = "m", fps: float = 20.0) -> FrameResult:
    image = np.zeros((4, 4, 3), np.uint8)
    frame = Frame(image, round(number * 1e9 / fps), 0, number, "test")
    return FrameResult(frame, (), {}, model, "haar", 0)


def test_nothing_is_followed_before_a_model_runs_nor_after_the_end() -> None:
    live = LiveDriver()
    assert live.follow(result(0, model="")) is None
    assert live.now().state is None
    assert live.follow(result(1)) is not None
    live.finish()
    live.finish()
    assert live.follow(result(2)) is None
    assert live.record()[0].frames == 1


def test_the_same_frame_once_more_counts_once() -> None:
    live = LiveDriver()
    first = live.follow(result(0))
    assert live.follow(result(0)) is first
    assert live.record()[0].frames == 1
    assert len(live.recent()) == 1


def test_recent_reaches_back_a_minute_however_many_frames_there_are() -> None:
    live = LiveDriver()
    for number in range(6000):
        live.follow(result(number, fps=80.0))
    rows = live.recent()
    assert rows.shape[1] == len(RECENT_COLUMNS)
    assert rows[-1, 0] - rows[0, 0] == pytest.approx(RECENT_S, abs=0.02)
    assert np.allclose(np.diff(rows[:, 0]), 1 / 80.0)


def test_a_lost_face_is_news_once_and_its_record_does_not_change_any_more() -> None:
    live = LiveDriver()
    for number in range(100):
        live.follow(result(number))
    assert [event.kind.value for event in live.news()] == ["face lost"]
    assert live.news() == ()
    log, facts = live.record()
    assert (log.frames, facts.source, facts.model) == (100, "test", "m")
    live.follow(result(100))
    assert log.frames == 100
    assert log.duration_s == pytest.approx(99 / 20)
