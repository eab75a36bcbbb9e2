import json

import numpy as np
import pytest

from app.core.layout import IBUG68, KEYPOINTS15, LAYOUTS, MESH478, WFLW98, LandmarkLayout, point_map
from app.core.resources import asset

each_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)


def mean_face() -> np.ndarray:
    """(68, 2) the mean face from the front, in outer eye distances; the middle of x is 0."""
    return np.array(json.loads(asset("face_points_68.json").read_text("utf-8"))["points"])[:, :2]


def test_the_layouts_count_as_their_names_say() -> None:
    assert [x.count for x in (IBUG68, KEYPOINTS15, WFLW98, MESH478)] == [68, 15, 98, 478]


@each_layout
def test_mirroring_takes_each_region_to_its_counterpart(layout: LandmarkLayout) -> None:
    for name, indices in layout.groups.items():
        sides = {"left": "right", "right": "left"}
        word, _, rest = name.partition("_")
        other = f"{sides[word]}_{rest}" if word in sides else name
        assert {layout.mirror[i] for i in indices} == set(layout.groups[other])


@each_layout
def test_mirrored_lines_are_lines(layout: LandmarkLayout) -> None:
    edges = {frozenset(edge) for edge in layout.edges}
    assert {frozenset(layout.mirror[i] for i in edge) for edge in edges} == edges


@each_layout
def test_the_outer_eye_corners_are_mirror_images(layout: LandmarkLayout) -> None:
    left, right = layout.outer_eye_corners
    assert layout.mirror[left] == right
    assert left in layout.groups["left_eye"]


@each_layout
def test_lids_and_lips_are_mirror_images(layout: LandmarkLayout) -> None:
    # Outer corner, upper lid outwards and inwards, inner corner, lower lid: from the other end.
    turned = [3, 2, 1, 0, 5, 4] if layout.left_eye else []
    assert tuple(layout.mirror[layout.left_eye[i]] for i in turned) == layout.right_eye
    if layout.inner_mouth:
        left, top, right, bottom = layout.inner_mouth
        assert (layout.mirror[left], layout.mirror[top], layout.mirror[bottom]) == (
            right,
            top,
            bottom,
        )


@each_layout
def test_the_mean_face_is_its_own_mirror_image(layout: LandmarkLayout) -> None:
    points = point_map(IBUG68, layout)(mean_face())
    mirrored = points[list(layout.mirror)] * [-1, 1]
    both = ~np.isnan(points[:, 0]) & ~np.isnan(mirrored[:, 0])
    assert both.sum() >= 13
    assert mirrored[both] == pytest.approx(points[both], abs=0.02)


@each_layout
def test_no_line_is_drawn_in_a_loose_region(layout: LandmarkLayout) -> None:
    loose = {i for name in layout.loose for i in layout.groups[name]}
    assert not loose & {i for edge in layout.edges for i in edge}
