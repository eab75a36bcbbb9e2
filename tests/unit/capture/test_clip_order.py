"""Numbers and times of pictures, in files that are not as they should be."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import av
import pytest

from app.capture.clip import ClipSource
from tests.unit.capture.coded import damage, number_of, write_clip

LOST = (9, 10, 11, 30, 47)


def test_a_lost_picture_leaves_its_place_empty(tmp_path: Path) -> None:
    path = damage(write_clip(tmp_path / "clip.mp4", gop=1, b_frames=0), LOST)
    with ClipSource(path) as clip:
        frames = list(clip)
        assert clip.length == 60
    assert [f.sequence for f in frames] == [n for n in range(60) if n not in LOST]
    assert [number_of(f.image) for f in frames] == [f.sequence for f in frames]
    assert [round(f.time_s * 25) for f in frames] == [f.sequence for f in frames]
    assert clip.problems == (
        "clip.mp4 is damaged: 5 pictures could not be decoded and were left out; the others keep "
        "their numbers.",
    )


@pytest.mark.parametrize("noise", [False, True])
@pytest.mark.parametrize(
    ("name", "codec", "b_frames"),
    [
        ("clip.mkv", "libx264", 0),
        ("clip.avi", "libx264", 0),
        ("clip.ts", "libx264", 0),
        ("clip.mpg", "mpeg2video", 0),
        ("clip.mp4", "libx264", 2),
        ("clip.ts", "mpeg2video", 2),
    ],
)
def test_pictures_after_damage_keep_their_numbers_in_every_container(
    tmp_path: Path, name: str, codec: str, b_frames: int, noise: bool
) -> None:
    gop = 12 if b_frames else 1
    path = write_clip(tmp_path / name, codec=codec, gop=gop, b_frames=b_frames)
    damage(path, LOST, noise=noise)
    with ClipSource(path) as clip:
        told = {f.sequence: number_of(f.image) for f in clip}
    # Damage may reach the neighbours, and the rest of the group of pictures.
    whole = range(49, 60)
    if gop == 1:
        whole = [n for n in range(60) if not {*range(n - 2, n + 3)} & {*LOST}]
    assert [told.get(n) for n in whole] == list(whole)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts", "clip.avi"])
def test_a_picture_has_the_same_number_after_a_jump_as_when_played(
    tmp_path: Path, name: str
) -> None:
    path = damage(write_clip(tmp_path / name, gop=1, b_frames=0), LOST)
    with ClipSource(path) as clip:
        played = {f.sequence: (f.time_ns, number_of(f.image)) for f in clip}
        lost = clip.problems
        for number in (55, 12, 31, 0, 8, 29, 46, 48):
            clip.seek(played[number][0] / 1e9)
            found = clip.read()
            assert found is not None
            assert (found.sequence, (found.time_ns, number_of(found.image))) == (
                number,
                played[number],
            )
        assert clip.problems == lost


def test_the_first_pictures_may_be_lost_too(tmp_path: Path) -> None:
    path = damage(write_clip(tmp_path / "clip.mp4", gop=1, b_frames=0), (0, 1, 59))
    with ClipSource(path) as clip:
        frames = list(clip)
        assert clip.length == 60
    assert [f.sequence for f in frames] == list(range(2, 59))
    assert [number_of(f.image) for f in frames] == list(range(2, 59))
    assert frames[0].time_s == pytest.approx(2 / 25)


def test_a_broadcast_that_begins_within_a_group_of_pictures_counts_from_its_first_key_frame(
    tmp_path: Path,
) -> None:
    path = write_clip(tmp_path / "clip.ts", b_frames=0)
    with av.open(str(path)) as container:
        packets = [(p.pos, p.is_keyframe) for p in container.demux(video=0) if p.size]
    start = packets[5][0]
    key = next(n for n, (_, is_key) in enumerate(packets) if is_key and n > 5)
    assert start is not None
    path.write_bytes(path.read_bytes()[: 188 * 3] + path.read_bytes()[start:])
    with ClipSource(path) as clip:
        frames = list(clip)
    assert [number_of(f.image) for f in frames] == list(range(key, 60))
    assert [f.sequence for f in frames] == list(range(60 - key))
    assert clip.problems == ()


def test_stepping_back_passes_over_lost_pictures(tmp_path: Path) -> None:
    path = damage(write_clip(tmp_path / "clip.mp4", gop=1, b_frames=0), LOST)
    with ClipSource(path) as clip:
        list(clip)
        clip.seek(12 / 25)
        seen = [clip.read()]
        for _ in range(2):
            clip.step(-1)
            seen.append(clip.read(1.0))
    assert [f.sequence for f in seen if f is not None] == [12, 8, 7]


def test_pictures_that_a_decoder_drops_without_a_word_are_counted(tmp_path: Path) -> None:
    """A damaged NAL unit of HEVC is no error for FFmpeg."""
    path = damage(write_clip(tmp_path / "clip.mp4", codec="libx265", gop=1, b_frames=0), LOST)
    with ClipSource(path) as clip:
        frames = list(clip)
    assert [number_of(f.image) for f in frames] == [f.sequence for f in frames]
    assert frames[-1].sequence == 59
    assert "5 pictures could not be decoded" in clip.problems[0]


@pytest.mark.parametrize(("name", "codec"), [("clip.ts", "libx264"), ("clip.mpg", "mpeg2video")])
def test_times_go_on_where_two_recordings_were_joined(
    tmp_path: Path, name: str, codec: str
) -> None:
    first = write_clip(tmp_path / f"first-{name}", codec=codec)
    second = write_clip(tmp_path / f"second-{name}", codec=codec, numbers=range(100, 150))
    path = tmp_path / name
    path.write_bytes(first.read_bytes() + second.read_bytes())
    meant = [*range(60), *range(100, 150)]
    with ClipSource(path) as clip:
        frames = list(clip)
        said = clip.problems
        assert [number_of(f.image) for f in frames] == meant
        assert [f.sequence for f in frames] == list(range(110))
        assert [round(f.time_s * 25) for f in frames] == list(range(110))
        assert {f.epoch for f in frames} == {0}
        assert clip.info.duration_s == pytest.approx(110 / 25)
        for number in (100, 59, 60, 3, 61, 109):
            clip.seek(number / 25)
            found = clip.read()
            assert found is not None
            assert (found.sequence, number_of(found.image)) == (number, meant[number])
    assert said == (
        f"{name} holds several recordings, or was written badly: its clock jumps back once; the "
        "times go on from the picture before.",
    )


def test_a_clock_that_leaps_ahead_at_a_joint_does_not_stop_the_clip(tmp_path: Path) -> None:
    first = write_clip(tmp_path / "first.ts")
    second = write_clip(tmp_path / "second.ts", numbers=range(60, 90), first_pts=25 * 3600)
    path = tmp_path / "clip.ts"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    with ClipSource(path) as clip:
        frames = list(clip)
    assert [number_of(f.image) for f in frames] == list(range(90))
    assert [round(f.time_s * 25) for f in frames] == list(range(90))
    assert "leaps ahead once" in clip.problems[0]


def test_a_long_pause_in_a_file_with_an_index_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "slides.mp4"
    _mux(path, [(n, n * 1000 * (1 if n < 30 else 100)) for n in range(60)])
    with ClipSource(path) as clip:
        frames = list(clip)
    assert frames[-1].time_s == pytest.approx(59 * 100)
    assert clip.problems == ()


def test_stamps_that_fall_within_a_file_never_make_times_fall(tmp_path: Path) -> None:
    """As a damaged table of an MP4 gives them: the order of the decoder is the right one."""
    path = write_clip(tmp_path / "clip.mp4")
    data = bytearray(path.read_bytes())
    table = data.find(b"ctts") + 12  # pairs of a count and how far a picture is shown later
    for place in (10, 11, 20):
        start = table + place * 8 + 4
        data[start : start + 4] = (0).to_bytes(4, "big")
    path.write_bytes(data)
    with ClipSource(path) as clip:
        frames = list(clip)
        assert [number_of(f.image) for f in frames] == list(range(60))
        assert [f.sequence for f in frames] == list(range(60))
        assert all(a.time_ns <= b.time_ns for a, b in pairwise(frames))
        clip.seek(frames[50].time_s + 0.001)
        found = clip.read()
    assert found is not None
    assert (found.sequence, number_of(found.image)) == (50, 50)


@pytest.mark.parametrize("first", [-2000, -40, 7000])
def test_time_counts_from_the_first_picture_wherever_the_clock_begins(
    tmp_path: Path, first: int
) -> None:
    path = tmp_path / "clip.nut"
    _mux(path, [(n, first + 40 * n) for n in range(60)])
    with ClipSource(path) as clip:
        frames = list(clip)
        assert [round(f.time_s * 25) for f in frames] == list(range(60))
        clip.seek(30 / 25)
        found = clip.read()
    assert found is not None
    assert (found.sequence, number_of(found.image)) == (30, 30)


def test_a_stream_without_times_runs_at_its_usual_rate(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.h264", format_name="h264")
    with ClipSource(path) as clip:
        frames = list(clip)
        assert [round(f.time_s * 25) for f in frames] == list(range(60))
        assert [number_of(f.image) for f in frames] == list(range(60))
        clip.seek(41 / 25)
        found = clip.read()
    assert found is not None
    assert (found.sequence, number_of(found.image)) == (41, 41)
    assert clip.problems == ()


def _mux(path: Path, stamps: list[tuple[int, int]]) -> None:
    """Write pictures, each a key frame, with stamps of their own in milliseconds."""
    source = write_clip(path.with_name("source.mkv"), gop=1, b_frames=0)
    with av.open(str(source)) as given, av.open(str(path), "w") as made:
        stream = made.add_stream_from_template(given.streams.video[0])
        for (_, stamp), packet in zip(stamps, _packets(given), strict=True):
            packet.stream = stream
            packet.pts = packet.dts = stamp
            made.mux(packet)


def _packets(container: av.container.InputContainer) -> Iterator[av.Packet]:
    return (p for p in container.demux(container.streams.video[0]) if p.size)
