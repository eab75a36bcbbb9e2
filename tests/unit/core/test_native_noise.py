"""What C libraries write to file descriptor 2 does not reach the terminal."""

import os
import threading

import pytest

from app.core.native_noise import native_stderr_silenced


def test_native_words_are_swallowed_and_later_ones_are_not(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with native_stderr_silenced():
        os.write(2, b"noise")
    os.write(2, b"words")
    assert capfd.readouterr().err == "words"


def test_an_error_inside_gives_the_terminal_back(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), native_stderr_silenced():
        raise KeyError
    os.write(2, b"words")
    assert capfd.readouterr().err == "words"


def test_threads_that_overlap_give_the_terminal_back(capfd: pytest.CaptureFixture[str]) -> None:
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with native_stderr_silenced():
            inside.set()
            leave.wait(5)

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(5)
    with native_stderr_silenced():
        leave.set()
        thread.join()
        os.write(2, b"noise")
    os.write(2, b"words")
    assert capfd.readouterr().err == "words"
