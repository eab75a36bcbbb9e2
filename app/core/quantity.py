"""Numbers that a user may set, each declared once for the command line, the window and files."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.errors import PfldLiveError


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number with its meaning and its range.

    Attributes:
        name: as a user reads it.
        default, low, high, step: in `unit`; the range includes both ends.
        unit: short, `""` for a bare number.
        decimals: digits after the point; 0 for whole numbers.
        help: one sentence for --help and tooltips.
        source: where the default comes from.
    """

    name: str
    default: float
    low: float
    high: float
    step: float
    unit: str
    help: str
    source: str
    decimals: int = 0

    def check(self, value: float) -> float:
        """Give `value` back if it lies in the range.

        Raises:
            PfldLiveError: it does not.
        """
        if not self.low <= value <= self.high:
            unit = f" {self.unit}" if self.unit else ""
            try:
                got = f"{value:g}"
            except OverflowError:  # a whole number may have any length
                got = "a number with hundreds of digits"
            raise PfldLiveError(
                f"{self.name} must lie between {self.low:g} and {self.high:g}{unit}, "
                f"got {got}; choose a value in that range."
            )
        return value
