"""What FFmpeg's errors mean, in words."""

from __future__ import annotations

from app._av import av


def reason(error: Exception) -> str:
    """The cause of a failure to open or read, without a full stop."""
    if isinstance(error, av.error.ExitError):  # raised when the time that PyAV grants is over
        return "it did not answer in time"
    return (getattr(error, "strerror", None) or str(error)).rstrip(".")
