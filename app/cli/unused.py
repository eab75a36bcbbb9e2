"""Refuses options that would change nothing: whoever gives one expects something of it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Final

from app.core.errors import PfldLiveError

_NEEDED: Final[Mapping[str, Sequence[str]]] = {
    "record": ("output",),
    "quality": ("output",),
    "constant_rate": ("output",),
    "draw": ("output", "snapshot"),
    "overwrite": ("output", "sidecar", "csv", "json", "snapshot"),
    "send_host": ("send",),
}
"""Option of `run` and `demo` -> those of which it needs at least one."""


def refuse_unused(options: argparse.Namespace) -> None:
    """Look at the options of `run` or `demo` together.

    Raises:
        PfldLiveError: one has no effect beside the others.
    """
    for name, needed in _NEEDED.items():
        if not _given(options, name) or any(_given(options, other) for other in needed):
            continue
        words = " or ".join(_flag(other) for other in needed)
        raise PfldLiveError(f"{_flag(name)} changes nothing without {words}; add one, or leave it.")
    if options.draw is not None and options.record == "clean" and options.snapshot is None:
        raise PfldLiveError(
            "--draw changes nothing in a clean video; leave it, or record both with --record both."
        )


def _given(options: argparse.Namespace, name: str) -> bool:
    return getattr(options, name) not in (None, False)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
