from itertools import pairwise

from app.capture.timeline import TimeLine


def line() -> TimeLine:
    """25 pictures per second in milliseconds, in a format whose clock may jump."""
    return TimeLine(usual=40, second=1000, gap=10_000, even=True)


def test_stamps_that_rise_are_taken_as_they_are() -> None:
    times = line()
    assert [times.place(t, key=False).ticks for t in (5000, 5120, 5040, 5080)] == [
        5000,
        5120,
        5040,
        5080,
    ]
    assert times.straight


def test_times_that_become_known_later_go_on_from_the_guessed_ones() -> None:
    for known in (0, 40, 90_000, -700):
        times = line()
        places = [times.place(None, key=n == 0) for n in range(5)]
        places += [times.place(known + 40 * n, key=False) for n in range(5)]
        assert [p.ticks for p in places] == list(range(0, 400, 40))
        assert all(a < b for a, b in pairwise(places))
        assert (times.guessed, times.known, times.back) == (5, 5, 0)


def test_a_picture_without_a_stamp_stands_behind_the_one_before() -> None:
    times = line()
    stamps = [0, 40, None, 120, None, None, 240]
    assert [times.place(t, key=False).ticks for t in stamps] == list(range(0, 280, 40))
    assert times.back == 0


def test_a_clock_that_falls_begins_a_new_piece() -> None:
    times = line()
    stamps = [*range(8000, 8400, 40), *range(0, 400, 40)]
    places = [times.place(t, key=t in (8000, 0)) for t in stamps]
    assert [p.ticks - 8000 for p in places] == list(range(0, 800, 40))
    assert [p.piece for p in places] == [0] * 10 + [1] * 10
    assert times.back == 1


def test_a_short_recording_before_another_is_told_by_the_key_frame() -> None:
    times = line()
    places = [times.place(t, key=t == 0) for t in (0, 40, 80, 0, 40, 80)]
    assert [p.ticks for p in places] == list(range(0, 240, 40))


def test_a_single_stamp_out_of_place_does_not_make_times_fall() -> None:
    times = line()
    stamps = [*range(0, 400, 40), 900_000_000, *range(440, 800, 40)]
    places = [times.place(t, key=False) for t in stamps]
    assert all(a < b for a, b in pairwise(places))
    assert [p.ticks for p in places] == list(range(0, 800, 40))


def test_a_hole_is_one_of_pictures_only_where_they_stand_equally_long() -> None:
    times = line()
    before, after, late = (times.place(t, key=False) for t in (0, 160, 215))
    assert times.missing(before, after) == 3
    assert times.missing(after, late) == 0
    times.even = False
    assert times.missing(before, after) == 0
