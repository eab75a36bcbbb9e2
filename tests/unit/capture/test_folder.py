"""One rule for the pictures of a folder, whoever asks."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.capture.folder import folder_of_images
from app.capture.images import ImagesSource
from app.capture.kinds import VIDEO_SUFFIXES, Content, is_video, kind_of
from app.evaluate.images import images_in
from app.evaluate.json_images import has_json_labels
from tests.unit.capture import image_files as files

ImageMaker = Callable[..., Path]
PLAIN = np.full((20, 30, 3), 90, np.uint8)


def test_pictures_are_told_by_content_and_the_rest_is_said(
    make_image: ImageMaker, tmp_path: Path
) -> None:
    folder = tmp_path / "set"
    make_image("set/a.png", PLAIN)
    (folder / "b.jfif").write_bytes(files.encoded(".jpg", PLAIN))
    (folder / "c").write_bytes(files.encoded(".webp", PLAIN))
    (folder / "d.jpg.bak").write_bytes(files.encoded(".jpg", PLAIN))
    (folder / "e.avif").write_bytes(files.heic_start(b"avif"))
    (folder / "f.mp4").write_bytes(b"\0\0\0\x18ftypisom" + bytes(40))
    (folder / "g.pdf").write_bytes(b"%PDF-1.4")
    (folder / "a.json").write_text("{}")
    (folder / "notes.txt").write_text("BMW")
    names = ["a.png", "b.jfif", "c", "d.jpg.bak", "e.avif"]
    found = folder_of_images(folder)
    assert [path.name for path in found.images] == names
    assert [path.name for path in images_in(folder)] == names
    assert has_json_labels(folder)
    with ImagesSource(folder) as source:
        assert [frame.source for frame in source] == names[:-1]
        assert [path.name for path in source.files] == names
        assert source.problems == (
            "f.mp4, g.pdf are no picture and left out.",
            "e.avif is a picture of the kind AVIF, which is not read; save it as one of JPEG, "
            "PNG, BMP, WebP, TIFF, HEIC; it was left out.",
        )


@pytest.mark.parametrize(
    ("start", "content"),
    [
        (b"\0\0\0\x18ftypisom", Content.VIDEO),
        (b"\x1a\x45\xdf\xa3", Content.VIDEO),
        (b"RIFF\x10\0\0\0AVI LIST", Content.VIDEO),
        ((b"\x47" + bytes(187)) * 2, Content.VIDEO),
        (b"GIF89a", Content.VIDEO),
        (b"RIFF\x10\0\0\0WAVEfmt ", Content.OTHER),
        (b"BMW is a car", Content.OTHER),
        (b"", Content.OTHER),
    ],
)
def test_a_file_is_known_by_its_first_bytes(tmp_path: Path, start: bytes, content: Content) -> None:
    path = tmp_path / "some.thing"
    path.write_bytes(start)
    assert kind_of(path).content is content
    assert is_video(path) == (content is Content.VIDEO)


@pytest.mark.parametrize("suffix", sorted(VIDEO_SUFFIXES))
def test_what_plays_can_be_labelled_and_evaluated(tmp_path: Path, suffix: str) -> None:
    from app.evaluate.find import find_clips, own_labels

    clip = tmp_path / f"clip{suffix}"
    clip.write_bytes(b"")
    own_labels(clip).write_text("")
    assert find_clips(tmp_path).places == (clip,)
