"""A small drawing board for plots in inline SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#5b4b8a", "#777777")
"""One per model, told apart without red against green (Okabe and Ito 2008)."""


def colour(number: int) -> str:
    """Colour of the model of this number; they come again after the last one."""
    return COLOURS[number % len(COLOURS)]


def n(value: float) -> str:
    """A coordinate: two digits, no trailing zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def ticks(high: float, about: int = 5, low: float = 0.0) -> list[float]:
    """Round numbers from `low` (0 or less) to `high`, about so many."""
    if not high > low:
        return [0.0]
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * k for k in (1, 2, 2.5, 5, 10) if power * k >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


@dataclass(slots=True)
class Plot:
    """Axes with a frame, and whatever is drawn into them.

    Attributes:
        x_high, y_high: ends of the axes; x begins at 0, y at `y_low`.
        width, height: of the whole picture, in its own units.
        x_label, y_label: what the axes mean.
        left, top, right, bottom: margins.
        y_low: 0 or less.
    """

    x_high: float
    y_high: float
    width: float = 920
    height: float = 300
    x_label: str = ""
    y_label: str = ""
    left: float = 56
    top: float = 14
    right: float = 14
    bottom: float = 44
    y_low: float = 0.0
    parts: list[str] = field(default_factory=list)

    def x(self, value: float) -> float:
        """Place of a value on the x axis."""
        return self.left + value / self.x_high * (self.width - self.left - self.right)

    def y(self, value: float) -> float:
        """Place of a value on the y axis."""
        share = (value - self.y_low) / (self.y_high - self.y_low)
        return self.height - self.bottom - share * (self.height - self.top - self.bottom)

    def rect(self, x0: float, x1: float, y0: float, y1: float, fill: str, title: str = "") -> None:
        """A filled rectangle between values of both axes, with words for the pointer."""
        hint = f"<title>{escape(title)}</title>" if title else ""
        self.parts.append(
            f'<rect x="{n(self.x(x0))}" y="{n(self.y(y1))}" '
            f'width="{n(max(self.x(x1) - self.x(x0), 0.0))}" '
            f'height="{n(max(self.y(y0) - self.y(y1), 0.0))}" fill="{fill}">{hint}</rect>'
        )

    def line(self, points: Iterable[tuple[float, float]], stroke: str, wide: float = 1.5) -> None:
        """A line through points given in values of the axes."""
        path = " ".join(f"{n(self.x(x))},{n(self.y(y))}" for x, y in points)
        self.parts.append(
            f'<polyline points="{path}" fill="none" stroke="{stroke}" stroke-width="{n(wide)}" '
            'stroke-linejoin="round"/>'
        )

    def text(
        self, x: float, y: float, words: str, *, anchor: str = "middle", kind: str = "tick"
    ) -> None:
        """Words at a place of the picture, not of the axes."""
        self.parts.append(
            f'<text x="{n(x)}" y="{n(y)}" text-anchor="{anchor}" class="{kind}">'
            f"{escape(words)}</text>"
        )

    def y_axis(self, *, percent: bool = True) -> None:
        """Grid lines with numbers; `percent` shows 0.05 as 5 %."""
        for value in ticks(self.y_high, low=self.y_low):
            place = self.y(value)
            self.parts.append(
                f'<line x1="{n(self.left)}" x2="{n(self.width - self.right)}" '
                f'y1="{n(place)}" y2="{n(place)}" class="grid"/>'
            )
            words = f"{100 * value:g} %" if percent else f"{value:g}"
            self.text(self.left - 6, place + 4, words, anchor="end")

    def x_axis(self, labels: Sequence[tuple[float, str]]) -> None:
        """Words below values of the x axis."""
        for value, words in labels:
            self.text(self.x(value), self.height - self.bottom + 17, words)

    def svg(self) -> str:
        """The whole picture."""
        base = self.height - self.bottom
        frame = (
            f'<line x1="{n(self.left)}" x2="{n(self.width - self.right)}" y1="{n(base)}" '
            f'y2="{n(base)}" class="axis"/>'
        )
        if self.x_label:
            middle = (self.left + self.width - self.right) / 2
            self.text(middle, self.height - 6, self.x_label, kind="label")
        if self.y_label:
            middle = (self.top + base) / 2
            self.parts.append(
                f'<text transform="translate(13 {n(middle)}) rotate(-90)" text-anchor="middle" '
                f'class="label">{escape(self.y_label)}</text>'
            )
        return picture(self.width, self.height, "".join(self.parts) + frame, self.y_label)


def picture(width: float, height: float, content: str, name: str) -> str:
    """An SVG element with a name for people who do not see it."""
    return (
        f'<svg viewBox="0 0 {n(width)} {n(height)}" role="img" aria-label="{escape(name)}">'
        f"{content}</svg>"
    )
