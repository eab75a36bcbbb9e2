"""Opens the window."""

from __future__ import annotations

import argparse
from typing import Any

from app.cli.options import wished_settings
from app.cli.stopping import ending_at_once
from app.core.errors import PfldLiveError
from app.ui.display import display_available


def open_window(options: argparse.Namespace, *, demo: bool = False) -> int:
    """Show the window until it is closed; see `app.ui.application.run_window`.

    Raises:
        PfldLiveError: there is no display, or Qt cannot start.
    """
    if not display_available():
        raise PfldLiveError(
            "There is no display to open a window on; try `pfld-live run SOURCE --headless`."
        )
    wishes = wished_settings(options)
    with ending_at_once():  # the window has its own way of ending once it is there
        return _run_window(options, wishes, demo=demo)


def _run_window(options: argparse.Namespace, wishes: dict[str, Any], *, demo: bool) -> int:
    try:
        from app.ui.application import run_window
        from app.ui.window_options import WindowOptions
    except ImportError as error:
        raise PfldLiveError(
            f"Qt cannot start ({error}); install the system libraries that the README names."
        ) from error
    return run_window(
        None if demo else options.source,
        demo,
        WindowOptions(
            model=options.model or "",
            detector=options.detector or "",
            settings=wishes,
            loop=demo,
        ),
    )
