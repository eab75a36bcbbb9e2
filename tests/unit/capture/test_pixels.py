import numpy as np
import pytest

from app.capture.pixels import to_bgr


def test_grey_becomes_three_equal_channels() -> None:
    grey = np.arange(6, dtype=np.uint8).reshape(2, 3)
    for array in (grey, grey[:, :, np.newaxis]):
        assert np.array_equal(to_bgr(array), np.stack([grey] * 3, axis=2))


def test_bgr_passes_unchanged_and_contiguous() -> None:
    image = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    result = to_bgr(image[:, ::-1])
    assert np.array_equal(result, image[:, ::-1])
    assert result.flags.c_contiguous


def test_what_is_transparent_lies_on_white() -> None:
    pixel = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 128]]], np.uint8)
    assert np.abs(to_bgr(pixel)[0].astype(int) - [[10, 20, 30], [255] * 3, [127] * 3]).max() <= 1


def test_grey_with_alpha_lies_on_white_too() -> None:
    pixel = np.array([[[10, 255], [10, 0]]], np.uint8)
    assert to_bgr(pixel)[0].tolist() == [[10] * 3, [255] * 3]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.uint16(0xFFFF), 255),
        (np.uint16(0x1234), 0x12),
        (np.float32(0.5), 128),
        (np.float64(7.0), 255),
        (np.float32(np.nan), 0),
        (np.bool_(True), 255),
    ],
)
def test_other_number_formats_are_scaled(value: np.generic, expected: int) -> None:
    assert to_bgr(np.full((1, 1), value))[0, 0].tolist() == [expected] * 3


@pytest.mark.parametrize("shape", [(0, 4, 3), (4,), (2, 2, 5), (1, 2, 3, 4)])
def test_what_is_no_picture_is_refused_with_its_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="a picture must"):
        to_bgr(np.zeros(shape, np.uint8))


def test_numbers_of_an_unknown_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="int64"):
        to_bgr(np.zeros((2, 2), np.int64))
