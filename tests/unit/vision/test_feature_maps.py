import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from app.capture.source import Pace, SourceOptions, open_source
from app.core.errors import ModelError
from app.core.face import Box
from app.core.frame import Image
from app.core.resources import asset, models_folder
from app.vision.contact_sheet import filters_sheet, maps_sheet
from app.vision.feature_maps import NetworkInside
from models.training.columns import join_columns
from tests.unit.vision.tiny_model import write_model

FP32, INT8 = (models_folder() / f"pfld-0.5x-{kind}.onnx" for kind in ("fp32", "int8"))


@pytest.fixture(scope="module")
def picture() -> Image:
    with open_source(str(asset("demo.mp4")), SourceOptions(pace=Pace.FAST)) as source:
        frame = source.read()
    assert frame is not None
    return frame.image


@pytest.fixture(scope="module")
def box() -> Box:
    line = asset("demo.labels.jsonl").read_text("utf-8").splitlines()[1]
    return Box.around(np.array(json.loads(line)["faces"][0]["points"]))


def test_the_filters_are_the_weights_of_the_first_convolution() -> None:
    graph = onnx.load(str(FP32)).graph
    first = next(node for node in graph.node if node.op_type == "Conv")
    (weights,) = (numpy_helper.to_array(t) for t in graph.initializer if t.name == first.input[1])
    assert np.array_equal(NetworkInside(FP32).filters(), weights)


def test_quantized_filters_are_unpacked_close_to_the_exact_ones() -> None:
    exact, packed = NetworkInside(FP32).filters(), NetworkInside(INT8).filters()
    assert packed.shape == exact.shape
    assert np.abs(packed - exact).max() < 0.02 * np.abs(exact).max()


def test_the_first_maps_are_the_filters_laid_over_the_crop(picture: Image, box: Box) -> None:
    network = NetworkInside(FP32)
    inside = network.look(picture, box)
    first = inside.layers[0]
    side = network.card.input_size
    assert inside.crop.shape == (side, side, 3)
    filters = network.filters()
    count, _, height, width = filters.shape
    stride = side // first.maps.shape[1]
    graph = onnx.load(str(FP32)).graph
    node = next(n for n in graph.node if n.op_type == "Conv")
    bias = next(numpy_helper.to_array(t) for t in graph.initializer if t.name == node.input[2])
    mean, std = (np.array(v) for v in (network.card.mean, network.card.std))
    seen = (inside.crop - mean) / std
    row, column = 20, 25  # away from the border
    top, left = (stride * i - height // 2 for i in (row, column))
    part = np.moveaxis(seen[top : top + height, left : left + width], -1, 0)
    wanted = (filters * part).sum(axis=(1, 2, 3)) + bias
    assert first.maps.shape[0] == count
    assert first.maps[:, row, column] == pytest.approx(wanted, abs=1e-3)
    assert first.title == f"1  Conv, {count} maps of {side // stride}×{side // stride}"


@pytest.mark.parametrize("path", [FP32, INT8], ids=["fp32", "int8"])
def test_every_layer_with_maps_is_there(path: Path, picture: Image, box: Box) -> None:
    inside = NetworkInside(path).look(picture, box)
    kinds = [layer.title.split()[1].rstrip(",") for layer in inside.layers]
    assert kinds.count("Conv") == sum(node.op_type == "Conv" for node in onnx.load(path).graph.node)
    assert all(layer.maps.ndim == 3 and np.isfinite(layer.maps).all() for layer in inside.layers)


def test_a_network_that_reads_four_pixels_as_one_shows_what_it_stands_for(
    picture: Image, box: Box, tmp_path: Path
) -> None:
    plain, model = NetworkInside(FP32), onnx.load(str(FP32))
    assert join_columns(model)
    onnx.save(model, tmp_path / "joined.onnx")
    joined = NetworkInside(tmp_path / "joined.onnx")
    assert np.array_equal(joined.filters(), plain.filters())
    wanted, got = plain.look(picture, box).layers, joined.look(picture, box).layers
    assert [layer.title for layer in got] == [layer.title for layer in wanted]
    for ours, theirs in zip(got[:4], wanted[:4], strict=True):
        np.testing.assert_allclose(ours.maps, theirs.maps, rtol=1e-3, atol=1e-4)


def test_a_network_without_a_convolution_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has no convolution"):
        NetworkInside(write_model(tmp_path / "flat.onnx"))


def test_the_sheet_holds_each_map_and_a_flat_one_does_no_harm() -> None:
    maps = np.zeros((5, 8, 8), np.float32)
    maps[3, 2:4, 2:4] = 1
    sheet = maps_sheet(maps, side=300)
    assert sheet.dtype == np.uint8
    assert sheet.shape[2] == 3
    cell = sheet.shape[1] // 3
    fourth = sheet[sheet.shape[0] // 2 :, :cell].reshape(-1, 3)
    first = sheet[: sheet.shape[0] // 2, :cell].reshape(-1, 3)
    assert len(np.unique(fourth, axis=0)) > len(np.unique(first, axis=0))


def test_filters_of_colours_are_shown_in_them_and_others_in_grey() -> None:
    filters = np.zeros((4, 3, 3, 3), np.float32)
    filters[0, 2] = 1  # the third input: red in BGR, blue in RGB
    bgr, rgb = (filters_sheet(filters, rgb=rgb, side=60) for rgb in (False, True))
    assert bgr[3, 3].tolist() == [127, 127, 255]
    assert rgb[3, 3].tolist() == [255, 127, 127]
    grey = filters_sheet(filters[:, :2], side=60)
    assert (grey[..., 0] == grey[..., 1]).all()
