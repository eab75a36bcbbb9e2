"""Standard output and error that never cost the work whose results they are to show."""

from __future__ import annotations

import codecs
import errno
import json
import os
import sys
from types import TracebackType
from typing import Any, Final, TextIO, cast

from app.core.text import readable

_PLAIN: Final = {"–": "-", "—": "-", "…": "...", "×": "x", "±": "+-", "≥": ">="}
"""For terminals whose code page lacks these; what else is missing becomes a question mark."""


def _plainly(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)  # noqa: S101 - codecs call it for no other
    missing = error.object[error.start : error.end]
    return "".join(_PLAIN.get(character, "?") for character in missing), error.end


codecs.register_error("pfld-live.plainly", _plainly)


class _Stream:
    """Stands where `sys.stdout` stands; `failure` is the first thing that went wrong."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.failure: OSError | None = None

    def write(self, text: str) -> int:
        """Write as much as the terminal can show; a failure is kept, not raised."""
        try:
            return self._write(text)
        except OSError as error:
            self.failure = self.failure or error
            return len(text)

    def flush(self) -> None:
        """Write what waits; a failure is kept, not raised."""
        try:
            self._stream.flush()
        except OSError as error:
            self.failure = self.failure or error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except UnicodeEncodeError:
            encoding = self._stream.encoding  # the error calls any code page "charmap"
            self._stream.write(text.encode(encoding, "pfld-live.plainly").decode(encoding))
            return len(text)


class Console:
    """While entered, printing raises nothing.

    A terminal of another code page, a full disk or a pipe that nobody reads must not throw away
    files that are still to be written. Afterwards `failure` says what became of the standard
    output.
    """

    def __init__(self) -> None:
        self.failure: OSError | None = None

    def __enter__(self) -> Console:
        _occupy_standard_descriptors()
        self._before = (sys.stdout, sys.stderr)
        # Without a terminal, as under pythonw, they are None and print does nothing.
        self._streams = [None if s is None else _Stream(s) for s in self._before]
        sys.stdout, sys.stderr = (cast("TextIO", stream) for stream in self._streams)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        out, err = self._streams
        sys.stdout, sys.stderr = self._before
        for stream in (out, err):
            if stream is not None:
                stream.flush()
                if stream.failure is not None:
                    _silence(stream)
        self.failure = None if out is None else out.failure

    @property
    def nobody_reads(self) -> bool:
        """Whether the reader of the standard output has left, as in `pfld-live models | head`."""
        # Windows tells of a closed pipe as of an invalid argument.
        return isinstance(self.failure, BrokenPipeError) or (
            sys.platform == "win32" and getattr(self.failure, "errno", 0) == errno.EINVAL
        )


def print_json(value: object) -> None:
    """Print JSON for programs; what the terminal's code page lacks stands in it as an escape."""
    encoding = str(getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("_", "-")
    text = readable(json.dumps(value, indent=2, ensure_ascii=False))
    if encoding not in ("utf-8", "utf8"):
        text = "".join(c if c.isascii() else json.dumps(c).strip('"') for c in text)
    print(text)


def _silence(stream: _Stream) -> None:
    """Let what is still unwritten not complain once more at the end of the process."""
    try:
        descriptor = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
    except (OSError, ValueError):  # no file of the system
        return
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _occupy_standard_descriptors() -> None:
    """Give the first three descriptors to nobody where whoever started the program closed them.

    The next file that is opened would get the number, and what libraries print would land in it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
