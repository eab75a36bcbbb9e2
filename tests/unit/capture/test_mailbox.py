import threading
import time

from app.capture.mailbox import Mailbox


def test_gives_what_was_put() -> None:
    box: Mailbox[str] = Mailbox()
    box.put("a")
    assert box.take() == "a"
    assert box.take() is None


def test_newest_replaces_unread_and_the_loss_is_counted() -> None:
    box: Mailbox[int] = Mailbox()
    for i in range(5):
        box.put(i)
    assert box.take() == 4
    assert box.dropped == 4


def test_put_says_whether_the_reader_must_be_woken() -> None:
    box: Mailbox[int] = Mailbox()
    assert box.put(1) is True
    assert box.put(2) is False
    box.take()
    assert box.put(3) is True


def test_take_waits_for_an_item_of_another_thread() -> None:
    box: Mailbox[int] = Mailbox()
    writer = threading.Timer(0.05, box.put, [7])
    writer.start()
    assert box.take(timeout_s=2.0) == 7
    writer.join()


def test_take_gives_up_after_its_time() -> None:
    box: Mailbox[int] = Mailbox()
    start = time.monotonic()
    assert box.take(timeout_s=0.05) is None
    assert 0.04 < time.monotonic() - start < 0.5


def test_close_wakes_a_reader_that_waits_for_ever() -> None:
    box: Mailbox[int] = Mailbox()
    closer = threading.Timer(0.05, box.close)
    closer.start()
    assert box.take(timeout_s=None) is None
    assert box.closed
    closer.join()


def test_the_last_item_survives_closing_but_nothing_is_added() -> None:
    box: Mailbox[int] = Mailbox()
    box.put(1)
    box.close()
    assert box.put(2) is False
    assert box.take() == 1
    assert box.take(timeout_s=None) is None


def test_no_item_is_lost_or_doubled_between_two_threads() -> None:
    box: Mailbox[int] = Mailbox()
    taken: list[int] = []

    def read() -> None:
        while (item := box.take(timeout_s=None)) is not None:
            taken.append(item)

    reader = threading.Thread(target=read)
    reader.start()
    for i in range(2000):
        box.put(i)
    box.close()
    reader.join(5.0)
    assert taken == sorted(set(taken))
    assert taken[-1] == 1999
    assert len(taken) + box.dropped == 2000
