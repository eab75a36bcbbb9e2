import numpy as np
import pytest

from app.core.errors import SourceError
from app.core.face import Box
from models.training.comparison import Contestant, Shown, comparison_text, errors_of, helen_faces
from models.training.peers import CORE, PEERS, PeerModel, _score_maps


def faces(count: int) -> list[Shown]:
    rng = np.random.default_rng(0)
    image = np.zeros((4, 4, 3), np.uint8)
    truth = rng.uniform(0, 50, (count, len(CORE), 2)).astype(np.float32)
    truth[:, 0], truth[:, 3] = (0, 0), (100, 0)
    return [Shown(image, Box(0, 0, 1, 1), Box(0, 0, 1, 1), points) for points in truth]


def test_an_offset_that_all_faces_share_is_taken_out() -> None:
    shown = faces(6)
    plain, centred = errors_of(lambda face: face.truth + np.float32([3, 4]), shown)
    assert plain == pytest.approx(0.05)
    assert centred == pytest.approx(0, abs=1e-6)


def test_what_differs_from_face_to_face_stays() -> None:
    shown = faces(2)
    moved = {
        id(face): np.float32([3 * sign, 4 * sign])
        for face, sign in zip(shown, (1, -1), strict=True)
    }
    plain, centred = errors_of(lambda face: face.truth + moved[id(face)], shown)
    assert plain == pytest.approx(0.05)
    assert centred == pytest.approx(0.05)


def test_a_face_that_is_not_seen_is_left_out() -> None:
    shown = faces(3)
    blind = np.full((len(CORE), 2), np.nan, np.float32)
    plain, _ = errors_of(lambda face: blind if face is shown[0] else face.truth + 1, shown)
    assert plain == pytest.approx(np.sqrt(2) / 100)


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
        helen_faces(tmp_path)


def test_the_table_says_what_cannot_be_measured() -> None:
    row = Contestant(
        name="mesh", megabytes=float("nan"), milliseconds=3.0, framing="its own", helen=0.0226,
        helen_plain=0.025, val=None,
    )  # fmt: skip
    text = comparison_text([row], 48, 784)
    assert "| mesh | – | 3.00 | its own | 2.26 | 2.50 | its own truth |" in text
