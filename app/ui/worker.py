"""Work that would hold the GUI thread up: measuring, loading, writing."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QObject, Signal

from app.core.errors import PfldLiveError

_log = logging.getLogger(__name__)

_REST: Final = 4.0
"""After a task that can wait, the worker rests for this many times its duration."""


@dataclass(frozen=True, eq=False, slots=True)
class _Task:
    key: str
    work: Callable[[], Any]
    done: Callable[[Any], None]
    failed: Callable[[str], None]
    rests: bool


class Worker(QObject):
    """One thread that does one task after the other and hands the results to the GUI thread.

    A task takes the place of a waiting one of the same key; the result of a task that was
    forgotten is thrown away.
    """

    _finished = Signal(object, object, str)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._waiting: dict[str, _Task] = {}
        self._current: dict[str, _Task] = {}
        self._wake = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._finished.connect(self._deliver)

    def submit(
        self,
        key: str,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        *,
        failed: Callable[[str], None],
        rests: bool = False,
    ) -> None:
        """Do something on the thread.

        Args:
            key: what it is about.
            work: called on the thread.
            done: called on the GUI thread with what `work` gave.
            failed: called on the GUI thread with a sentence if `work` raised.
            rests: it can wait, and must not take most of a processor.
        """
        task = _Task(key, work, done, failed, rests)
        with self._wake:
            if self._stopping:
                return
            self._waiting.pop(key, None)
            self._waiting[key] = self._current[key] = task
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._wake.notify()

    def forget(self, key: str) -> None:
        """Let no result of that key come any more."""
        with self._wake:
            self._waiting.pop(key, None)
            self._current.pop(key, None)

    def stop(self, timeout_s: float) -> bool:
        """End after the present task; True once the thread has ended."""
        with self._wake:
            self._stopping = True
            self._waiting.clear()
            self._current.clear()
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(timeout_s)
        return self._thread is None or not self._thread.is_alive()

    def _run(self) -> None:
        rested_s = 0.0
        while True:
            with self._wake:
                task = self._next(rested_s)
                if task is None:
                    return
            began_s = time.monotonic()
            result, problem = None, ""
            try:
                result = task.work()
            except PfldLiveError as error:
                problem = str(error)
            except Exception as error:
                _log.exception("%s: the task %s failed", self._name, task.key)
                problem = f"Something failed ({type(error).__name__}): {error}"
            ended_s = time.monotonic()
            if task.rests:
                rested_s = ended_s + _REST * (ended_s - began_s)
            self._finished.emit(task, result, problem)

    def _next(self, rested_s: float) -> _Task | None:
        """The next task, as soon as one is due; None to end. Holds the lock."""
        while not self._stopping:
            left_s = rested_s - time.monotonic()
            for key, task in self._waiting.items():
                if not task.rests or left_s <= 0:
                    del self._waiting[key]
                    return task
            self._wake.wait(left_s if self._waiting else None)
        return None

    def _deliver(self, task: _Task, result: Any, problem: str) -> None:
        if self._current.get(task.key) is not task:
            return
        del self._current[task.key]
        if problem:
            task.failed(problem)
        else:
            task.done(result)
