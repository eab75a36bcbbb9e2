"""The one clock of the program."""

import time


def now_ns() -> int:
    """Monotonic time in nanoseconds; only differences mean anything."""
    return time.monotonic_ns()
