"""Labels stay on their frames where others of the clip cannot be decoded."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from app.core.frame import Frame
from app.evaluate.find import open_labelled_clip
from app.evaluate.labelling import ClipLabelling, LabellingSettings
from app.evaluate.run import EvaluationSettings, evaluate_clip
from app.vision.zoo import ZooEntry
from tests.unit.capture.coded import damage

LOST = [0, 5, 6, 23]


@pytest.fixture
def damaged_clip(cut_clip: Path, demo_frames: list[Frame]) -> Path:
    """The labelled cut of the demo clip, with four of its 24 frames destroyed."""
    path = cut_clip.with_name("whole.mp4")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height = demo_frames[0].width, demo_frames[0].height
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = 1
        for number, frame in enumerate(demo_frames[:24]):
            picture = av.VideoFrame.from_ndarray(frame.image, format="bgr24")
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return damage(path, tuple(LOST)).replace(cut_clip)


def test_lost_frames_are_left_out_of_the_measurement_and_told(
    damaged_clip: Path, models: list[ZooEntry], quick: EvaluationSettings
) -> None:
    clip = open_labelled_clip(damaged_clip)
    result = evaluate_clip(clip, models[:1], quick)
    kept = [n for n in range(24) if n not in LOST]
    assert np.flatnonzero(result.labels.labelled).tolist() == kept
    assert set(result.labels.frame.tolist()) <= set(kept)
    assert np.allclose(np.diff(result.times_s)[1:], 1 / 30, atol=2e-3)
    assert any("4 pictures could not be decoded" in problem for problem in result.problems)
    (said,) = result.models.values()
    main = result.labels.person == 0
    shift = np.linalg.norm(
        said.points[main].mean(axis=1) - np.nanmean(result.labels.points[main], axis=1), axis=1
    )
    assert np.nanmax(shift) - np.nanmin(shift) < 4  # another layout lies elsewhere, but alike
    assert {worst.frame for worst in said.worst} <= set(kept)
    for worst in said.worst:
        assert result.labels.frame[worst.row] == worst.frame


def test_a_labelling_leaves_the_place_of_a_lost_frame_without_labels(damaged_clip: Path) -> None:
    with ClipLabelling(damaged_clip, LabellingSettings()) as run:
        while run.step():
            pass
        file = run.file()
    assert len(file.frames) == 24
    assert [n for n, frame in enumerate(file.frames) if frame.faces is None] == LOST
    assert file.frames[7].extra["time_s"] == pytest.approx(7 / 30, abs=1e-3)
