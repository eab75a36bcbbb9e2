import pytest

from app.core.layout import LAYOUTS
from app.record.style import region_colour


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)
def test_both_sides_of_a_face_have_the_same_colour(layout) -> None:  # noqa: ANN001
    for name in layout.groups:
        if name.startswith("left_"):
            assert region_colour(name) == region_colour(name.replace("left_", "right_"))


def test_regions_differ_in_colour() -> None:
    names = ("jaw", "left_brow", "nose_bridge", "left_eye", "outer_lips", "inner_lips", "box")
    assert len({region_colour(name) for name in names}) == len(names)


def test_unknown_regions_have_a_colour_too() -> None:
    assert len(region_colour("left_ear")) == 3
