import numpy as np
import pytest

from app.core.errors import SourceError
from app.core.face import Box
from models.training.comparison import (
    REFERENCE,
    Errors,
    PeerCrop,
    Row,
    Shown,
    comparison_text,
    errors_of,
    hand_faces,
    paired_difference,
)
from models.training.mesh_map import GAPS
from models.training.peers import CORE, PEERS, PeerModel, _score_maps


def faces(count: int) -> list[Shown]:
    """Faces with an eye distance of 100 pixels."""
    rng = np.random.default_rng(0)
    image = np.zeros((4, 4, 3), np.uint8)
    truth = rng.uniform(0, 50, (count, 68, 2)).astype(np.float32)
    truth[:, 36], truth[:, 45] = (0, 0), (100, 0)
    return [Shown(image, Box(0, 0, 1, 1), Box(0, 0, 1, 1), points) for points in truth]


def test_an_offset_that_all_faces_share_is_taken_out() -> None:
    errors = errors_of(lambda face: face.truth + np.float32([3, 4]), faces(6))
    assert errors.all == pytest.approx([0.05] * 6)
    assert errors.core == pytest.approx([0.05] * 6)
    assert errors.centred == pytest.approx([0] * 6, abs=1e-6)
    assert (errors.lids, errors.lips) == pytest.approx((1, 1), abs=1e-6)


def test_what_differs_from_face_to_face_stays() -> None:
    shown = faces(2)
    moved = {
        id(face): np.float32([3 * sign, 4 * sign])
        for face, sign in zip(shown, (1, -1), strict=True)
    }
    errors = errors_of(lambda face: face.truth + moved[id(face)], shown)
    assert errors.core == pytest.approx([0.05] * 2)
    assert errors.centred == pytest.approx([0.05] * 2)


def test_a_face_that_is_not_seen_is_left_out() -> None:
    shown = faces(3)
    blind = np.full((68, 2), np.nan, np.float32)
    errors = errors_of(lambda face: blind if face is shown[0] else face.truth + 1, shown)
    for values in (errors.all, errors.core, errors.centred):
        assert np.isnan(values).tolist() == [True, False, False]
    assert errors.core[1:] == pytest.approx([np.sqrt(2) / 100] * 2)
    assert errors.lids == pytest.approx(1, abs=1e-6)


def test_a_model_with_the_core_points_alone_has_no_error_over_all_and_no_slopes() -> None:
    def locate(face: Shown) -> np.ndarray:
        points = np.full((68, 2), np.nan, np.float32)
        points[list(CORE)] = face.truth[list(CORE)]
        return points

    errors = errors_of(locate, faces(4))
    assert np.isnan(errors.all).all()
    assert errors.core == pytest.approx([0] * 4)
    assert np.isnan([errors.lids, errors.lips]).all()


def test_lids_that_move_half_as_far_as_those_of_the_truth_have_a_slope_of_a_half() -> None:
    def locate(face: Shown) -> np.ndarray:
        points = face.truth.copy()
        for upper, lower in GAPS[0]:
            middle = (face.truth[upper] + face.truth[lower]) / 2
            for k in (upper, lower):
                points[k] = middle + 0.5 * (face.truth[k] - middle)
        return points

    errors = errors_of(locate, faces(8))
    assert (errors.lids, errors.lips) == pytest.approx((0.5, 1.0), abs=1e-5)


def test_a_difference_is_one_of_pairs_of_answers_on_the_same_faces() -> None:
    rng = np.random.default_rng(0)
    one = rng.uniform(0, 1, 400)  # far more from face to face than from model to model
    other = one - 0.01 + rng.normal(0, 0.01, 400)
    mean, low, high = paired_difference(one, other)
    assert low < mean < high
    assert mean == pytest.approx(0.01, abs=0.002)
    # 95 % of a normal distribution lie within 1.96 deviations of its mean.
    assert (high - low) / 2 == pytest.approx(1.96 * 0.01 / np.sqrt(400), rel=0.15)
    assert paired_difference(other, one) == pytest.approx((-mean, -high, -low), abs=1e-4)


def test_a_face_that_one_of_two_does_not_see_makes_no_pair() -> None:
    one, other = np.array([0.3, np.nan, 0.5, 0.9]), np.array([0.2, 0.1, 0.4, np.nan])
    assert paired_difference(one, other) == pytest.approx((0.1, 0.1, 0.1))


def test_a_crop_says_in_words_what_it_is() -> None:
    assert str(PeerCrop(True, 1.2, 0.05)) == "1.2 of the face box, down 0.05"
    assert str(PeerCrop(False, 1.0, 0.0)) == "1, down 0"


def test_score_maps_give_the_cell_and_the_offset_within_it() -> None:
    maps = np.full((1, 198, 28, 28), 0.5, np.float32)  # a logit of 0: no offset
    maps[0, :66] = 0
    maps[0, :66, 9, 18] = 1
    maps[0, 66:132, 9, 18] = 1 / (1 + np.exp(-1.6))  # a tenth of the side further down
    points = _score_maps([maps])
    assert points.shape == (66, 2)
    assert points[5] * 224 - 0.5 == pytest.approx([223 * 18 / 27, 223 * (9 / 27 + 0.1)], abs=1e-3)


def test_every_peer_names_ten_points() -> None:
    for peer in PEERS:
        assert len(set(peer.core)) == len(CORE)


def test_missing_files_name_the_option(tmp_path) -> None:  # noqa: ANN001
    with pytest.raises(SourceError, match="--peers"):
        PeerModel(PEERS[0], tmp_path)
    with pytest.raises(SourceError, match="--data"):
        hand_faces(tmp_path)


def row(name: str, errors: Errors) -> Row:
    return Row(
        name=name, megabytes=float("nan"), milliseconds=3.0, framing="its own", errors=errors,
        behind=(0.001, -0.0005, 0.0025),
    )  # fmt: skip


def test_the_table_says_what_is_measured_and_what_cannot_be() -> None:
    nan = float("nan")
    whole = Errors(
        all=np.array([0.03, 0.05, 0.1, nan]), core=np.array([0.02, 0.03, 0.025, nan]),
        centred=np.array([0.02, 0.02, 0.02, nan]), lids=0.92, lips=1.004,
    )  # fmt: skip
    part = Errors(
        all=np.full(4, nan), core=np.full(4, 0.03), centred=np.full(4, 0.021), lids=nan, lips=nan
    )
    text = comparison_text([row("mesh", whole), row("peer", part)], 4)
    assert "on 4 val faces" in text
    assert REFERENCE in text
    behind = "+0.10 (-0.05 to +0.25)"
    assert (
        f"| mesh | – | 3.00 | its own | 6.00 | 33.3 % | 2.50 | 2.00 | {behind} | 0.92 | 1.00 |"
    ) in text
    assert f"| peer | – | 3.00 | its own | – | – | 3.00 | 2.10 | {behind} | – | – |" in text
