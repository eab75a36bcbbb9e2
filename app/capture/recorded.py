"""Whether an address leads to a recording or to something live."""

from __future__ import annotations

from contextlib import closing
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from app._av import av
from app.capture.formats import open_file
from app.capture.kinds import VIDEO_SUFFIXES

ASK_S: Final = 6.0
"""How long a server may take to answer."""

_PLAY_LISTS: Final = frozenset({"hls", "dash"})
"""Formats whose own size says nothing of what they list."""


def is_recording(url: str) -> bool:
    """Whether what an address gives has a length or can be sought; then it is no camera.

    The server is asked, whatever the name ends in. One that does not answer is taken by the name:
    whoever opens it says what is wrong.
    """
    try:
        with closing(open_file(url, timeout_s=ASK_S)) as container:
            listed = container.format.name in _PLAY_LISTS
            return (container.duration or 0) > 0 or (container.size > 0 and not listed)
    except (av.FFmpegError, OSError, ValueError):
        return PurePosixPath(urlsplit(url).path).suffix.lower() in VIDEO_SUFFIXES
