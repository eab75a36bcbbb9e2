"""What is printed cannot command the terminal, whatever names files have."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import Any, Final, TextIO, cast

CLEAR_LINE: Final = "\r\x1b[K"
"""How a progress bar goes back to the start of its line: the one command that is sent."""

# Controls of both sets but tab and line feed, and the marks that turn the direction of a text.
_COMMANDS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    r"""A text with `\u001b` and the like in the place of what commands a terminal.

    Such an escape means the same character inside JSON, so what a program reads stays right.
    """
    if text.startswith(CLEAR_LINE):
        return CLEAR_LINE + harmless(text[len(CLEAR_LINE) :])
    return _COMMANDS.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


class _HarmlessStream:
    """A text stream that writes `harmless` texts."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(harmless(text))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def harmless_output() -> Iterator[None]:
    """Print harmless texts alone for a while."""
    with ExitStack() as stack:
        # A program without a console has neither.
        if sys.stdout is not None:
            stack.enter_context(redirect_stdout(cast(TextIO, _HarmlessStream(sys.stdout))))
        if sys.stderr is not None:
            stack.enter_context(redirect_stderr(cast(TextIO, _HarmlessStream(sys.stderr))))
        yield
