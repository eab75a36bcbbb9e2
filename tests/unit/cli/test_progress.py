import pytest

from app.cli.progress import clock, progress_line
from app.cli.summary import RunSummary


def summary(frames: int) -> RunSummary:
    return RunSummary(source="clip", frames=frames, frames_with_face=frames - 1, seconds=2.0)


def test_the_bar_fills_and_tells_the_time_that_is_left() -> None:
    line = progress_line(summary(300), 600, "2 left out", 120)
    assert "###---" in line
    assert " 50% 300/600 frames, 150.0 fps, 299 with a face, 2 left out, 0:02 left" in line


def test_without_an_end_frames_are_counted() -> None:
    assert progress_line(summary(300), None, "", 120) == "300 frames, 150.0 fps, 299 with a face"


@pytest.mark.parametrize("room", [200, 79, 60, 40, 10])
@pytest.mark.parametrize("total", [None, 600, 299])
def test_the_line_never_leaves_the_terminal(total: int | None, room: int) -> None:
    assert len(progress_line(summary(300), total, "", room)) <= room


def test_long_times_have_hours() -> None:
    assert [clock(s) for s in (-1, 5, 65, 3605)] == ["0:00", "0:05", "1:05", "1:00:05"]
