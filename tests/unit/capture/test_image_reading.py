"""The one reader of images: way up, depth, pages, and what it refuses."""

import resource
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.capture.images import MOST_PIXELS, ImagesSource, load_image, read_image
from app.core.errors import SourceError
from tests.unit.capture import image_files as files

UPRIGHT = np.zeros((24, 40), np.uint8)
UPRIGHT[:12, :20], UPRIGHT[:12, 20:], UPRIGHT[12:, :20] = 250, 170, 90

# EXIF orientation -> how the camera stored the upright picture.
STORED: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: np.swapaxes(a, 0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.swapaxes(a, 0, 1)[::-1, ::-1],
    8: lambda a: np.rot90(a, -1),
}


def picture(channels: int, kind: type = np.uint8) -> np.ndarray:
    scale = {np.uint8: 1, np.uint16: 257, np.float32: 1 / 255}[kind]
    array = (UPRIGHT * np.array(scale, kind)).astype(kind)
    if channels == 1:
        return array
    colour = np.repeat(array[:, :, None], channels, axis=2)
    if channels == 4:
        colour[..., 3] = 255 * np.array(scale, kind)
    return colour


FORMS: dict[str, Callable[[np.ndarray, int], bytes]] = {
    "jpeg": lambda a, o: files.jpeg(a, files.exif(o)),
    "jpeg-motorola": lambda a, o: files.jpeg(a, files.exif(o, order=">")),
    "png": lambda a, o: files.png(a, files.png_chunk(b"eXIf", files.exif(o))),
    "png-behind": lambda a, o: files.png(a, files.png_chunk(b"eXIf", files.exif(o)), last=True),
    "webp": lambda a, o: files.webp(a, files.exif(o)),
    "webp-app1": lambda a, o: files.webp(a, b"Exif\0\0" + files.exif(o)),
    "tiff": lambda a, o: files.tiff(a, orientation=o),
    "tiff-motorola": lambda a, o: files.tiff(a, orientation=o, order=">"),
}
KINDS = [
    ("jpeg", 1, np.uint8),
    ("jpeg", 3, np.uint8),
    ("jpeg-motorola", 3, np.uint8),
    *(("png", c, k) for c in (1, 3, 4) for k in (np.uint8, np.uint16)),
    ("png-behind", 4, np.uint8),
    ("webp", 3, np.uint8),
    ("webp", 4, np.uint8),
    ("webp-app1", 4, np.uint8),
    *(("tiff", c, k) for c in (1, 3, 4) for k in (np.uint8, np.uint16)),
    ("tiff", 1, np.float32),
    ("tiff", 3, np.float32),
    ("tiff-motorola", 1, np.uint8),
    ("tiff-motorola", 3, np.uint16),
]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("form", "channels", "kind"), KINDS)
def test_every_orientation_of_every_kind_of_picture_is_upright(
    tmp_path: Path, form: str, channels: int, kind: type, orientation: int
) -> None:
    stored = np.ascontiguousarray(STORED[orientation](picture(channels, kind)))
    path = tmp_path / "picture"
    path.write_bytes(FORMS[form](stored, orientation))
    image = load_image(path)
    assert image.shape == (24, 40, 3)
    inner = np.abs(image.astype(int) - UPRIGHT[:, :, None])[2:-2, 2:-2]
    assert np.median(inner) <= 2
    assert np.abs(image[4, 4].astype(int) - 250).max() <= 6
    assert np.abs(image[4, -4].astype(int) - 170).max() <= 6
    assert np.abs(image[-4, 4].astype(int) - 90).max() <= 6


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("form", ["png", "tiff"])
def test_values_of_fewer_bits_are_scaled_by_what_they_hold(
    tmp_path: Path, bits: int, form: str
) -> None:
    values = (UPRIGHT.astype(np.uint32) * (2**bits - 1) // 255).astype(np.uint16)
    path = tmp_path / "deep"
    path.write_bytes(FORMS[form](values, 1))
    assert np.abs(load_image(path)[..., 0].astype(int) - UPRIGHT).max() <= 1


@pytest.mark.parametrize("most", [1.0, 255.0, 4095.0, 65535.0])
def test_numbers_with_a_point_are_scaled_by_what_they_hold(tmp_path: Path, most: float) -> None:
    path = tmp_path / "float"
    path.write_bytes(files.tiff(UPRIGHT.astype(np.float32) / 255 * most))
    assert np.abs(load_image(path)[..., 0].astype(int) - UPRIGHT).max() <= 1


def test_a_few_highlights_do_not_darken_a_picture_of_light(tmp_path: Path) -> None:
    light = UPRIGHT.astype(np.float32) / 255
    light[0, 0] = 12.0
    light[0, 1] = np.nan
    path = tmp_path / "float"
    path.write_bytes(files.tiff(light))
    image = load_image(path)[..., 0].astype(int)
    assert np.abs(image - UPRIGHT)[1:].max() <= 1
    assert image[0, 0] == 255


@pytest.mark.parametrize("order", ["<", ">"])
def test_of_several_pages_the_first_is_shown_and_the_others_are_told(
    tmp_path: Path, order: str
) -> None:
    path = tmp_path / "scan.tif"
    path.write_bytes(files.tiff(UPRIGHT, 255 - UPRIGHT, UPRIGHT, order=order))
    read = read_image(path)
    assert (read.image[..., 0] == UPRIGHT).all()
    assert read.notes == ("scan.tif has 3 pages; only the first is shown.",)


def test_a_preview_in_front_of_the_picture_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "camera.tif"
    path.write_bytes(files.tiff(UPRIGHT[::4, ::4], UPRIGHT, preview=True))
    assert load_image(path).shape == (24, 40, 3)


@pytest.mark.parametrize("suffix", [".webp", ".png"])
def test_of_an_animation_the_first_picture_is_shown_and_told(tmp_path: Path, suffix: str) -> None:
    moving = cv2.Animation()
    frame = np.repeat(UPRIGHT[:, :, None], 3, axis=2)
    moving.frames, moving.durations = [frame, 255 - frame], [100, 100]
    path = tmp_path / f"moving{suffix}"
    assert cv2.imwriteanimation(str(path), moving)
    with ImagesSource(path) as source:
        (shown,) = list(source)
        assert np.abs(shown.image[..., 0].astype(int) - UPRIGHT).mean() < 4
        (note,) = source.problems
    assert note == f"{path.name} has 2 pictures that follow each other; only the first is shown."


@pytest.mark.parametrize(("code", "name"), [(16, "PQ"), (18, "HLG")])
def test_an_hdr_picture_is_told(tmp_path: Path, code: int, name: str) -> None:
    path = tmp_path / "bright.png"
    path.write_bytes(files.png(picture(3), files.png_chunk(b"cICP", bytes([9, code, 0, 1]))))
    assert f"HDR picture ({name})" in read_image(path).notes[0]


def bomb_png(width: int, height: int) -> bytes:
    """A small file that says it has so many black grey pixels, and has them."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = b"\0" * (width + 1)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    chunks = ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(files.png_chunk(*chunk) for chunk in chunks)


def with_size(data: bytes, place: int, form: str, *size: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into(form, changed, place, *size)
    return bytes(changed)


def too_large() -> dict[str, bytes]:
    plain = picture(3)
    jpeg = files.encoded(".jpg", plain)
    webp = files.webp(plain, files.exif(1))
    tiff = files.tiff(plain)
    height = struct.pack("<HHII", 257, 4, 1, 24)
    return {
        "png": bomb_png(20000, 20000),
        "jpg": with_size(jpeg, jpeg.index(b"\xff\xc0") + 5, ">HH", 60000, 60000),
        "bmp": with_size(files.encoded(".bmp", plain), 18, "<ii", 30000, -30000),
        "webp": with_size(webp, webp.index(b"VP8X") + 12, "<HBHB", 20000, 0, 20000, 0),
        "tif": tiff.replace(height, struct.pack("<HHII", 257, 4, 1, 10**8)),
    }


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "webp", "tif"])
def test_a_picture_too_large_is_refused_before_it_is_decoded(tmp_path: Path, suffix: str) -> None:
    data = too_large()[suffix]
    assert len(data) < 2_000_000
    path = tmp_path / f"huge.{suffix}"
    path.write_bytes(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SourceError, match=r"huge.* has .* pixels, more than are read .*smaller"):
        load_image(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB
    assert MOST_PIXELS > 108_000_000


FOREIGN = {
    "JPEG 2000": lambda: b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(100),
    "Sun raster": lambda: files.encoded(".ras", picture(3)),
    "Radiance HDR": lambda: files.encoded(".hdr", picture(3, np.float32)),
    "PNM": lambda: files.encoded(".ppm", picture(3)),
    "OpenEXR": lambda: b"v/1\x01" + bytes(100),
    "AVIF": lambda: files.heic_start(b"avif"),
    "Photoshop": lambda: b"8BPS\0\x01" + bytes(40),
}


@pytest.mark.parametrize("name", sorted(FOREIGN))
@pytest.mark.parametrize("suffix", ["png", "mp4", "jpg", "xyz"])
def test_other_kinds_of_pictures_reach_no_decoder_under_any_name(
    tmp_path: Path, name: str, suffix: str
) -> None:
    from app.capture.source import SourceOptions, open_source

    path = tmp_path / f"x.{suffix}"
    path.write_bytes(FOREIGN[name]())
    with pytest.raises(SourceError) as refusal:
        open_source(str(path), SourceOptions(cameras=dict)).open()
    assert str(refusal.value) == (
        f"x.{suffix} is a picture of the kind {name}, which is not read; save it as one of JPEG, "
        "PNG, BMP, WebP, TIFF, HEIC."
    )


@pytest.mark.parametrize("form", sorted(FORMS))
def test_damage_anywhere_is_one_sentence_or_a_picture(tmp_path: Path, form: str) -> None:
    whole = FORMS[form](picture(3), 6)
    random = np.random.default_rng(5)
    path = tmp_path / "x.img"
    for _ in range(60):
        data = bytearray(whole[: random.integers(1, len(whole) + 1)])
        for place in random.integers(0, min(len(data), 400), 6):
            data[place] = random.integers(256)
        path.write_bytes(data)
        try:
            image = load_image(path)
        except SourceError as error:
            sentence, image = str(error), np.zeros((1, 1, 3), np.uint8)
        else:
            sentence = ""
        assert "\n" not in sentence
        assert image.shape[2] == 3
        assert image.dtype == np.uint8


# Turns anticlockwise by quarters, then the mirror (0: top and bottom, 1: left and right) -> how the
# camera stored the upright picture.
TURNS: dict[tuple[int, int | None], Callable[[np.ndarray], np.ndarray]] = {
    (0, None): lambda a: a,
    (1, None): lambda a: np.rot90(a, -1),
    (2, None): lambda a: np.rot90(a, 2),
    (3, None): lambda a: np.rot90(a, 1),
    (0, 0): lambda a: a[::-1],
    (0, 1): lambda a: a[:, ::-1],
    (1, 0): lambda a: np.rot90(a[::-1], -1),
    (1, 1): lambda a: np.rot90(a[:, ::-1], -1),
}
TALL = np.kron(UPRIGHT[::2, ::2], np.ones((8, 8), np.uint8))  # 96 x 160


@pytest.mark.parametrize(("irot", "imir"), sorted(TURNS, key=str))
@pytest.mark.parametrize("grid", [False, True])
def test_a_picture_of_a_telephone_is_upright(
    tmp_path: Path, irot: int, imir: int | None, grid: bool
) -> None:
    stored = np.ascontiguousarray(TURNS[irot, imir](TALL))
    height, width = stored.shape
    tiles = [stored]
    if grid:
        halves = (slice(0, height // 2), slice(height // 2, height))
        sides = (slice(0, width // 2), slice(width // 2, width))
        tiles = [np.ascontiguousarray(stored[y, x]) for y in halves for x in sides]
    path = tmp_path / "phone.heic"
    path.write_bytes(files.heic(*tiles, columns=2 if grid else 1, irot=irot, imir=imir))
    image = load_image(path)
    assert image.shape == (*TALL.shape, 3)
    assert np.median(np.abs(image.astype(int) - TALL[:, :, None])) <= 3
    for y, x in ((20, 20), (20, -20), (-20, 20)):
        assert np.abs(image[y, x].astype(int) - int(TALL[y, x])).max() <= 6


def test_damage_to_a_picture_of_a_telephone_is_one_sentence_or_a_picture(tmp_path: Path) -> None:
    whole = files.heic(TALL, irot=1)
    random = np.random.default_rng(6)
    path = tmp_path / "x.heic"
    for _ in range(150):
        data = bytearray(whole[: random.integers(20, len(whole) + 1)])
        for place in random.integers(16, len(data), 4):
            data[place] = random.integers(256)
        path.write_bytes(data)
        try:
            image = load_image(path)
        except SourceError as error:
            sentence, image = str(error), np.zeros((1, 1, 3), np.uint8)
        else:
            sentence = ""
        assert "\n" not in sentence
        assert image.ndim == 3
