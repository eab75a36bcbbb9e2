import pytest

from app.core.svg import Plot, ticks


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.0, 0.0, [0]),
        (-50.0, 50.0, [-40, -20, 0, 20, 40]),
        (-10.0, 0.0, [-10, -8, -6, -4, -2, 0]),
    ],
)
def test_ticks_are_round_numbers_between_both_ends(
    low: float, high: float, expected: list[float]
) -> None:
    assert ticks(high, low=low) == pytest.approx(expected)


def test_a_plot_may_reach_below_zero() -> None:
    plot = Plot(10.0, 50.0, height=144, top=14, bottom=30, y_low=-50.0)
    assert (plot.y(50.0), plot.y(0.0), plot.y(-50.0)) == (14, 64, 114)
    assert Plot(10.0, 50.0, height=144, top=14, bottom=30).y(0.0) == 114
