from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.core.errors import PfldLiveError
from app.ui.worker import Worker

Wait = Callable[..., None]


@pytest.fixture
def worker(qtbot: QtBot) -> Iterator[Worker]:
    worker = Worker("test worker")
    yield worker
    assert worker.stop(5)


def test_the_newest_task_of_a_key_wins(worker: Worker, wait: Wait) -> None:
    gate, seen = threading.Event(), []
    worker.submit("block", lambda: gate.wait(10), lambda _: None, failed=seen.append)
    for number in range(3):
        worker.submit("key", lambda n=number: n, seen.append, failed=seen.append)
    worker.submit("last", lambda: "end", seen.append, failed=seen.append)
    gate.set()
    wait(lambda: "end" in seen)
    assert seen == [2, "end"]


def test_a_task_that_was_forgotten_tells_nothing(worker: Worker, wait: Wait) -> None:
    gate, seen = threading.Event(), []
    worker.submit("key", lambda: gate.wait(10), seen.append, failed=seen.append)
    worker.forget("key")
    gate.set()
    worker.submit("last", lambda: "end", seen.append, failed=seen.append)
    wait(lambda: "end" in seen)
    assert seen == ["end"]


def test_a_problem_arrives_as_a_sentence(worker: Worker, wait: Wait) -> None:
    said: list[str] = []

    def refuse() -> None:
        raise PfldLiveError("The disk is full; make room.")

    worker.submit("key", refuse, lambda _: None, failed=said.append)
    wait(lambda: bool(said))
    assert said == ["The disk is full; make room."]
