"""`pfld-live`: runs a command and reports what a user can mend in one sentence."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from app.cli.parser import USER_ERROR, build_parser
from app.cli.stopping import ending_at_once
from app.cli.terminal import harmless_output
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
    with harmless_output():
        return _main(arguments)


def _main(arguments: Sequence[str] | None) -> int:
    with ending_at_once():  # numpy starts here
        options = build_parser().parse_args(arguments)
    try:
        code = int(options.command(options))
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except PfldLiveError as error:
        print(f"pfld-live: {error}", file=sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        print("pfld-live: stopped.", file=sys.stderr)
        return _STOPPED
    except BrokenPipeError:  # nobody reads on, as in `pfld-live models | head`
        # What is still unwritten would complain once more at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _NOBODY_READS
