"""Labels stay in the view, beside their faces, and do not jump."""

from __future__ import annotations

import pytest

from app.record.label_placement import LabelPlacer, Rect

VIEW = Rect(0, 0, 640, 480)
SIZE = (90.0, 70.0)


def place(*faces: Rect, placer: LabelPlacer | None = None) -> dict[int, Rect]:
    placer = placer or LabelPlacer()
    return placer.place(list(enumerate(faces)), SIZE, VIEW)


def test_a_label_stands_right_of_its_face() -> None:
    assert place(Rect(200, 100, 120, 150))[0] == Rect(328, 100, *SIZE)


def test_at_the_right_edge_it_goes_to_the_left() -> None:
    label = place(Rect(500, 100, 130, 150))[0]
    assert label.right < 500


@pytest.mark.parametrize(
    "face",
    [
        Rect(-50, -50, 120, 120),
        Rect(600, 440, 120, 120),
        Rect(-100, -100, 900, 900),
        Rect(0, 470, 30, 30),
        Rect(5000, 5000, 10, 10),
    ],
)
def test_no_label_leaves_the_view(face: Rect) -> None:
    label = place(face)[0]
    assert label.left >= 0
    assert label.top >= 0
    assert label.right <= VIEW.width
    assert label.bottom <= VIEW.height


def test_labels_of_neighbours_do_not_cover_each_other_nor_faces() -> None:
    faces = (Rect(100, 150, 120, 120), Rect(232, 150, 120, 120), Rect(364, 150, 120, 120))
    labels = place(*faces)
    everything = [*faces, *labels.values()]
    for i, one in enumerate(everything):
        assert all(one.shared_area(other) == 0 for other in everything[i + 1 :])


def test_a_label_stays_on_its_side_while_that_is_nearly_as_good() -> None:
    placer = LabelPlacer()
    sides = set()
    for x in (405.0, 412.0, 405.0, 412.0, 405.0):  # around where the right side becomes tight
        face = Rect(x, 100, 130, 150)
        sides.add(place(face, placer=placer)[0].left > x)
    assert len(sides) == 1


def test_a_view_smaller_than_a_label_is_no_error() -> None:
    labels = LabelPlacer().place([(0, Rect(0, 0, 5, 5))], SIZE, Rect(0, 0, 20, 20))
    assert labels[0].left == pytest.approx(4)
