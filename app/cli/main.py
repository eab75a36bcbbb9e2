"""`pfld-live`: runs a command and reports what a user can mend in one sentence."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from app.cli.console import Console
from app.cli.parser import USER_ERROR, build_parser, with_command
from app.cli.stopping import ending_at_once
from app.core.errors import PfldLiveError

# As shells report a process that a signal has ended.
_STOPPED = 128 + 2
_NOBODY_READS = 128 + 13


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Args:
        arguments: without the program's name; None takes those of the process.

    Returns:
        The exit code: 0 when all went well, 1 where `evaluate --fail-above` says so, 2 for what
        the user can mend.
    """
    # Compiling what a start imports takes longer than the rest of it. It is done once, by Python
    # itself, also where PYTHONDONTWRITEBYTECODE forbids it for the sake of tidy source folders.
    sys.dont_write_bytecode = False
    with Console() as console:
        code = _run(arguments)
    if console.failure is None:
        return code
    if console.nobody_reads:  # as in `pfld-live models | head`
        return code or _NOBODY_READS
    reason = console.failure.strerror or str(console.failure)
    with Console():  # the same disk may be full for the standard error
        print(f"pfld-live: What was found cannot be printed: {reason}.", file=sys.stderr)
    return code or USER_ERROR


def _run(arguments: Sequence[str] | None) -> int:
    with ending_at_once():  # numpy starts here
        parser = build_parser()
        given = sys.argv[1:] if arguments is None else arguments
        options = parser.parse_args(with_command(parser, given))
    try:
        return int(options.command(options))
    except PfldLiveError as error:
        print(f"pfld-live: {error}", file=sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        print("pfld-live: stopped.", file=sys.stderr)
        return _STOPPED
