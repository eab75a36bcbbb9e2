import numpy as np

from models.training.blendshapes import BLENDSHAPE_MIRROR, BLENDSHAPES, mirrored_blendshapes


def test_a_mirror_of_a_mirror_shows_the_face_itself() -> None:
    values = np.random.default_rng(0).random((3, 52)).astype(np.float32)
    assert np.array_equal(mirrored_blendshapes(mirrored_blendshapes(values)), values)
    assert sorted(BLENDSHAPE_MIRROR) == list(range(52))


def test_a_mirror_shows_a_wink_of_the_left_eye_as_one_of_the_right() -> None:
    values = np.zeros(52, np.float32)
    values[BLENDSHAPES.index("eyeBlinkLeft")] = 1.0
    values[BLENDSHAPES.index("jawRight")] = 0.5
    values[BLENDSHAPES.index("jawOpen")] = 0.25
    flipped = mirrored_blendshapes(values)
    shown = {BLENDSHAPES[i]: float(flipped[i]) for i in np.flatnonzero(flipped)}
    assert shown == {"eyeBlinkRight": 1.0, "jawLeft": 0.5, "jawOpen": 0.25}
    assert values[BLENDSHAPES.index("eyeBlinkRight")] == 0.0


def test_every_name_with_a_side_changes_it() -> None:
    for name, other in zip(BLENDSHAPES, BLENDSHAPE_MIRROR, strict=True):
        sided = name.endswith(("Left", "Right"))
        assert (BLENDSHAPES[other] != name) == sided
