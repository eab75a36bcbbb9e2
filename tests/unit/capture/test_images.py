import struct
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.capture.folder import natural_key
from app.capture.images import ImagesSource, load_image
from app.capture.source import Pace
from app.core.errors import SourceError

ImageMaker = Callable[..., Path]


def plain(value: int, shape: tuple[int, ...] = (20, 30, 3)) -> np.ndarray:
    return np.full(shape, value, np.uint8)


def with_exif_orientation(jpeg: bytes, orientation: int) -> bytes:
    tiff = b"II*\x00" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    body = b"Exif\x00\x00" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def test_numbers_in_names_sort_by_value() -> None:
    names = ["img10.png", "img2.png", "IMG1.png", "a.png", "3.png"]
    assert sorted(names, key=natural_key) == [
        "3.png",
        "a.png",
        "IMG1.png",
        "img2.png",
        "img10.png",
    ]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif"])
def test_reads_every_common_format(make_image: ImageMaker, suffix: str) -> None:
    image = load_image(make_image("face" + suffix, plain(90)))
    assert image.shape == (20, 30, 3)
    assert abs(float(image.mean()) - 90) < 2


def test_grey_sixteen_bit_and_transparent_images_become_bgr(make_image: ImageMaker) -> None:
    grey = load_image(make_image("grey.png", plain(70, (20, 30))))
    deep = load_image(make_image("deep.png", np.full((20, 30, 3), 0x4600, np.uint16)))
    clear = load_image(make_image("clear.png", plain(0, (20, 30, 4))))
    for image, value in ((grey, 70), (deep, 0x46), (clear, 255)):
        assert image.shape == (20, 30, 3)
        assert image.dtype == np.uint8
        assert (image == value).all()


def test_orientation_of_a_camera_is_honoured(make_image: ImageMaker) -> None:
    image = plain(0)
    image[:, :15] = 255
    path = make_image("phone.jpg", image)
    path.write_bytes(with_exif_orientation(path.read_bytes(), 6))  # turn clockwise
    turned = load_image(path)
    assert turned.shape == (30, 20, 3)
    assert turned[3].mean() > 200 > 50 > turned[-4].mean()


@pytest.mark.parametrize("shape", [(6000, 8000), (1, 1)])
def test_huge_and_tiny_images_are_read(make_image: ImageMaker, shape: tuple[int, int]) -> None:
    with ImagesSource(make_image("size.png", plain(5, shape))) as source:
        frame = source.read()
        assert source.read() is None
    assert frame is not None
    assert frame.image.shape == (*shape, 3)


@pytest.mark.parametrize(("name", "share"), [("a.png", 0.6), ("b.jpg", 0.6), ("c.tif", 0.1)])
def test_a_damaged_image_is_an_error_and_not_noise_in_the_terminal(
    make_image: ImageMaker, name: str, share: float, capfd: pytest.CaptureFixture[str]
) -> None:
    path = make_image(name, np.random.default_rng(1).integers(0, 255, (60, 80, 3), np.uint8))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(SourceError, match=name):
        load_image(path)
    assert capfd.readouterr().err == ""


def test_names_in_any_script_are_read(make_image: ImageMaker) -> None:
    path = make_image("Bilder ü/顔 🙂.png", plain(1))
    with ImagesSource(path.parent) as source:
        assert [f.source for f in source] == ["顔 🙂.png"]


def test_single_image_is_one_frame_at_time_zero(make_image: ImageMaker) -> None:
    with ImagesSource(make_image("one.png", plain(1))) as source:
        frames = list(source)
        assert source.info.fps is None
    assert [(f.sequence, f.time_ns, f.source) for f in frames] == [(0, 0, "one.png")]


def test_folder_comes_in_natural_order_one_epoch_each(
    make_image: ImageMaker, tmp_path: Path
) -> None:
    for i in (10, 2, 1):
        make_image(f"set/i{i}.png", plain(i))
    (tmp_path / "set" / "notes.txt").write_text("no image")
    (tmp_path / "set" / "sub.png").mkdir()
    make_image("set/.hidden.png", plain(1))
    with ImagesSource(tmp_path / "set", images_per_second=2.0) as source:
        frames = list(source)
        assert source.info.frames == 3
        assert source.info.duration_s == 1.5
    assert [f.source for f in frames] == ["i1.png", "i2.png", "i10.png"]
    assert [f.epoch for f in frames] == [0, 1, 2]
    assert [f.time_s for f in frames] == [0.0, 0.5, 1.0]


def test_folder_stands_still_on_each_image_in_real_time(
    make_image: ImageMaker, tmp_path: Path
) -> None:
    for i in range(3):
        make_image(f"set/{i}.png", plain(i))
    start = time.monotonic()
    with ImagesSource(tmp_path / "set", pace=Pace.REAL_TIME, images_per_second=10) as source:
        assert len(list(source)) == 3
    assert 0.19 < time.monotonic() - start < 1.0


def test_folder_can_be_stepped_and_sought(make_image: ImageMaker, tmp_path: Path) -> None:
    for i in range(5):
        make_image(f"set/{i}.png", plain(i))
    with ImagesSource(tmp_path / "set") as source:
        seen = []
        for move in (lambda: source.seek(3.2), lambda: source.step(-1), lambda: source.step(1)):
            move()
            frame = source.read()
            assert frame is not None
            seen.append((frame.sequence, frame.epoch))
    assert seen == [(3, 1), (2, 2), (3, 3)]


def test_broken_image_in_a_folder_is_left_out_and_said(
    make_image: ImageMaker, tmp_path: Path
) -> None:
    for i in (0, 2):
        make_image(f"set/{i}.png", plain(i))
    (tmp_path / "set" / "1.png").touch()
    (tmp_path / "set" / "3.jpg").write_text("text")
    with ImagesSource(tmp_path / "set") as source:
        assert [f.sequence for f in source] == [0, 2]
        assert source.problems == (
            "1.png is empty; it was left out.",
            "3.jpg is not an image that can be read; it was left out.",
        )


def test_image_cut_in_half_is_refused_or_read_but_never_a_crash(make_image: ImageMaker) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    for suffix in (".png", ".webp", ".bmp", ".tif"):
        path = make_image("half" + suffix, noise)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with suppress(SourceError):
            assert load_image(path).shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "face.png is empty; choose another file."),
        (b"text", "face.png is not an image that can be read; choose another file."),
    ],
)
def test_single_bad_image_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "face.png"
    path.write_bytes(content)
    with pytest.raises(SourceError) as refusal:
        ImagesSource(path).open()
    assert str(refusal.value) == sentence


def test_missing_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.png cannot be read"):
        ImagesSource(tmp_path / "gone.png").open()


def test_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no images"):
        ImagesSource(tmp_path).open()


def test_folder_of_broken_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    with pytest.raises(SourceError, match="None of the 1 images"):
        ImagesSource(tmp_path).open()


def test_orientation_in_a_png_is_honoured(make_image: ImageMaker) -> None:
    path = make_image("turned.png", plain(9))
    data = path.read_bytes()
    tiff = b"II*\x00" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
    chunk = b"eXIf" + tiff
    crc = struct.pack(">I", __import__("zlib").crc32(chunk))
    cut = 8 + 25  # after the signature and IHDR
    path.write_bytes(data[:cut] + struct.pack(">I", len(tiff)) + chunk + crc + data[cut:])
    expected = cv2.imread(str(path), cv2.IMREAD_COLOR).shape
    assert load_image(path).shape == expected
