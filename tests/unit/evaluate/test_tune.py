from dataclasses import replace

import pytest

from app.core.resources import asset, models_folder
from app.evaluate.find import open_labelled_clip
from app.evaluate.tune import tune_crop
from app.vision.session import load_model


def test_the_crop_of_a_model_is_found_again_from_a_wrong_one() -> None:
    model = load_model(models_folder() / "pfld-0.5x-int8.onnx")
    wrong = replace(model.card, crop_scale=2.1, crop_shift=-0.25, channels="rgb")
    tuned = tune_crop(replace(model, card=wrong), open_labelled_clip(asset("demo.mp4")))
    # The labels of the clip follow FaceMesh, the model 300-W: they differ by 3.7 % in any framing.
    assert tuned.before > tuned.error + 0.025
    assert tuned.card.channels == model.card.channels
    assert tuned.card.crop_scale == pytest.approx(model.card.crop_scale, abs=0.2)
    assert tuned.card.crop_shift == pytest.approx(model.card.crop_shift, abs=0.1)
    assert tuned.card == replace(
        model.card, crop_scale=tuned.card.crop_scale, crop_shift=tuned.card.crop_shift
    )
