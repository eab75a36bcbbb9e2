"""`pfld-live`: runs a command and reports what a user can mend in one sentence."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from app.cli.console import Console
from app.cli.parser import USER_ERROR, build_parser, with_command
from app.cli.stopping import Watchdog, ending_at_once, exit_code, leave
from app.cli.terminal import harmless_output
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
    # Compiling what a start imports takes longer than the rest of it. It is done once, by Python
    # itself, also where PYTHONDONTWRITEBYTECODE forbids it for the sake of tidy source folders.
    sys.dont_write_bytecode = False
    # A command that has something to keep takes over from here.
    with Watchdog() as watchdog, ending_at_once():
        code, interrupted = _print_and_obey(arguments)
        told = watchdog.heard() or interrupted
        if told is not None and arguments is None:
            # The end of the interpreter takes its time, and waits for threads that have none.
            leave(USER_ERROR if code == USER_ERROR else exit_code(told))
    return code if told is None or code == USER_ERROR else exit_code(told)


def _print_and_obey(arguments: Sequence[str] | None) -> tuple[int, int | None]:
    """Exit code, and the signal that broke the command off, if one did."""
    interrupted = None
    with Console() as console, harmless_output():
        try:
            code = _obey(arguments)
        except KeyboardInterrupt:
            print("pfld-live: stopped.", file=sys.stderr)
            code, interrupted = 0, signal.SIGINT
    if console.failure is None:
        return code, interrupted
    if console.nobody_reads:  # as in `pfld-live models | head`
        return code or _NOBODY_READS, interrupted
    reason = console.failure.strerror or str(console.failure)
    with Console():  # the same disk may be full for the standard error
        print(f"pfld-live: What was found cannot be printed: {reason}.", file=sys.stderr)
    return code or USER_ERROR, interrupted


def _obey(arguments: Sequence[str] | None) -> int:
    """Do what the arguments say."""
    parser = build_parser()
    given = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(with_command(parser, given))
    try:
        return int(options.command(options))
    except PfldLiveError as error:
        print(f"pfld-live: {error}", file=sys.stderr)
        return USER_ERROR
