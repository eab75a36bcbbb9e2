import numpy as np
import pytest

from app.core.joined_columns import joined_kernel, separate_kernel, separate_maps


@pytest.mark.parametrize("depth", [1, 3])
def test_a_joined_kernel_comes_apart_again(depth: int) -> None:
    kernel = np.random.default_rng(0).standard_normal((7, depth, 3, 3)).astype(np.float32)
    joined = joined_kernel(kernel)
    assert joined.shape == (14, 4 * depth, 3, 2)
    apart = separate_kernel(joined, depth)
    assert apart is not None
    assert np.array_equal(apart, kernel)


@pytest.mark.parametrize(
    "shape",
    [(16, 3, 3, 3), (32, 12, 3, 3), (32, 6, 3, 3), (32, 12, 1, 1), (64, 12, 4, 4), (16, 12, 3, 2),
     (15, 12, 3, 2), (16, 3)],
    ids=str,
)  # fmt: skip
def test_another_kernel_is_no_joined_one(shape: tuple[int, ...]) -> None:
    assert separate_kernel(np.ones(shape, np.float32), 3) is None


def test_maps_come_apart_with_the_cells_in_turns() -> None:
    maps = np.random.default_rng(0).standard_normal((7, 8, 8)).astype(np.float32)
    joined = np.concatenate([maps[:, :, ::2], maps[:, :, 1::2]])
    assert np.array_equal(separate_maps(joined), maps)
