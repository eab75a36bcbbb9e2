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
    age: int


class Worker(QObject):
    """One thread that does one task after the other and hands the results to the GUI thread.

    A task takes the place of a waiting one of the same key. What a running or finished one gives
    is delivered all the same, or nothing would ever be seen of values that are asked for faster
    than they are found; unless it was forgotten, or the new task comes instead of it.
    """

    _finished = Signal(object, object, str)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._waiting: dict[str, _Task] = {}
        self._ages: dict[str, int] = {}
        """Key -> how often what was asked for before has become void."""
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
        instead: bool = False,
    ) -> None:
        """Do something on the thread.

        Args:
            key: what it is about.
            work: called on the thread.
            done: called on the GUI thread with what `work` gave.
            failed: called on the GUI thread with a sentence if `work` raised.
            rests: it can wait, and must not take most of a processor.
            instead: the results of earlier tasks of that key are not wanted any more, as those of
                another clip.
        """
        with self._wake:
            if self._stopping:
                return
            if instead:
                self._make_void(key)
            task = _Task(key, work, done, failed, rests, self._ages.get(key, 0))
            self._waiting.pop(key, None)
            self._waiting[key] = task
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._wake.notify()

    def forget(self, key: str) -> None:
        """Let no result of that key come any more."""
        with self._wake:
            self._make_void(key)

    def stop(self, timeout_s: float) -> bool:
        """End after the present task; True once the thread has ended."""
        with self._wake:
            self._stopping = True
            self._waiting.clear()
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(timeout_s)
        return self._thread is None or not self._thread.is_alive()

    def _make_void(self, key: str) -> None:
        """Let no task of that key that was submitted so far give anything. Holds the lock."""
        self._waiting.pop(key, None)
        self._ages[key] = self._ages.get(key, 0) + 1

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
        if self._stopping or self._ages.get(task.key, 0) != task.age:
            return
        if problem:
            task.failed(problem)
        else:
            task.done(result)
