"""How much memory this process has taken."""

from __future__ import annotations

import sys


def peak_rss_mb() -> float:
    """Largest resident memory of this process so far, 10^6 bytes; 0 where nobody can tell."""
    if sys.platform == "win32":
        return 0.0
    import resource  # Unix only

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
