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


def test_a_value_asked_for_faster_than_it_is_found_is_shown_all_the_same(
    worker: Worker, wait: Wait
) -> None:
    # As the plots of an evaluation whose measuring takes longer than its news come apart.
    seen: list[int] = []
    began, gates = threading.Semaphore(0), [threading.Event() for _ in range(5)]

    def work(number: int) -> int:
        began.release()
        assert gates[number].wait(10)
        return number

    for number in range(5):
        worker.submit("key", lambda n=number: work(n), seen.append, failed=seen.append)
        if number:  # there is always one that waits before another one is finished
            gates[number - 1].set()
        assert began.acquire(timeout=10)
    gates[4].set()
    wait(lambda: 4 in seen)
    assert seen == [0, 1, 2, 3, 4]


def test_what_is_finished_but_not_delivered_yet_is_delivered(worker: Worker, wait: Wait) -> None:
    seen: list[str] = []
    finished, gate = threading.Event(), threading.Event()
    worker.submit("key", lambda: "first", seen.append, failed=seen.append)
    worker.submit("other", finished.set, lambda _: None, failed=seen.append)
    assert finished.wait(10)  # the window has not come to look at it
    worker.submit("key", lambda: gate.wait(10), lambda _: None, failed=seen.append)
    wait(lambda: seen == ["first"])
    gate.set()


def test_a_task_instead_of_an_earlier_one_voids_what_that_one_gives(
    worker: Worker, wait: Wait
) -> None:
    seen: list[object] = []
    began, gate = threading.Event(), threading.Event()

    def slow() -> str:
        began.set()
        gate.wait(10)
        return "old clip"

    worker.submit("key", slow, seen.append, failed=seen.append)
    assert began.wait(10)
    worker.submit("key", lambda: "new clip", seen.append, failed=seen.append, instead=True)
    gate.set()
    wait(lambda: bool(seen))
    assert seen == ["new clip"]
