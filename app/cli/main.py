"""`pfld-live`: runs a command and reports what a user can mend in one sentence."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from app.cli.parser import USER_ERROR, build_parser
from app.cli.stopping import Watchdog, ending_at_once, exit_code, leave
from app.core.errors import PfldLiveError

_NOBODY_READS = exit_code(13)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Args:
        arguments: without the program's name; None takes those of the process.

    Returns:
        The exit code: 0 when all went well, 1 where `evaluate --fail-above` says so, 2 for what
        the user can mend, 128 + N where signal N has told the program to end: 130 for Ctrl+C, 143
        for `kill`.
    """
    interrupted = None
    # A command that has something to keep takes over from here.
    with Watchdog() as watchdog, ending_at_once():
        try:
            code = _obey(arguments)
        except KeyboardInterrupt:
            print("pfld-live: stopped.", file=sys.stderr)
            code, interrupted = 0, signal.SIGINT
        told = watchdog.heard() or interrupted
        if told is not None and arguments is None:
            # The end of the interpreter takes its time, and waits for threads that have none.
            leave(USER_ERROR if code == USER_ERROR else exit_code(told))
    return code if told is None or code == USER_ERROR else exit_code(told)


def _obey(arguments: Sequence[str] | None) -> int:
    """Do what the arguments say."""
    options = build_parser().parse_args(arguments)
    try:
        code = int(options.command(options))
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except PfldLiveError as error:
        print(f"pfld-live: {error}", file=sys.stderr)
        return USER_ERROR
    except BrokenPipeError:  # nobody reads on, as in `pfld-live models | head`
        # What is still unwritten would complain once more at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _NOBODY_READS
