"""What holds for all tests: no screen is needed, and no thread is left behind."""

from __future__ import annotations

import gc
import importlib.util
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator

import pytest

GRACE_S = 3.0  # a thread that was told to end may need a moment on a busy machine


def pytest_configure() -> None:
    # Before anything imports Qt. A developer who wants to watch sets the variable.
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    # What other runs have found of a model must not decide a test.
    os.environ["PFLD_LIVE_CACHE"] = tempfile.mkdtemp(prefix="pfld-live-cache-")


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["PFLD_LIVE_CACHE"], ignore_errors=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skipped test that could have run is a failure; only a missing torch excuses one."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    torch_is_here = importlib.util.find_spec("torch") is not None
    for report in reporter.stats.get("skipped", []):
        if torch_is_here or "No module named 'torch'" not in str(report.longrepr):
            reporter.write_line(f"skipped without need: {report.longrepr}", red=True)
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    end = time.monotonic() + GRACE_S
    while (left := _living(before)) and time.monotonic() < end:
        time.sleep(0.02)
    assert not left, f"the test left threads behind: {left}"


def _living(before: set[threading.Thread]) -> list[str]:
    left = [thread.name for thread in set(threading.enumerate()) - before]
    core = sys.modules.get("PySide6.QtCore")
    if core is not None:
        # Not isinstance: it asks each object for its class, and some warn that they are asked.
        threads = (o for o in gc.get_objects() if issubclass(type(o), core.QThread))
        left += [repr(thread) for thread in threads if thread.isRunning() and not _is_main(thread)]
    return left


def _is_main(thread: object) -> bool:
    application = sys.modules["PySide6.QtCore"].QCoreApplication.instance()
    return application is not None and thread == application.thread()
