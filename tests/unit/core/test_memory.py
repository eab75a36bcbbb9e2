"""The memory of this process, and of no other."""

import subprocess
import sys

import numpy as np

from app.core.memory import peak_rss_mb


def test_what_was_taken_and_given_back_counts() -> None:
    before = peak_rss_mb()
    taken = np.ones(200_000_000, np.uint8)
    assert peak_rss_mb() >= 150
    del taken
    assert peak_rss_mb() >= before


def test_the_memory_of_the_parent_does_not_count() -> None:
    taken = np.ones(300_000_000, np.uint8)
    program = "from app.core.memory import peak_rss_mb; print(peak_rss_mb())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert 5 < float(done.stdout) < 200
    del taken
