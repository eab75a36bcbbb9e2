from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from app.core.card import METADATA_KEY
from app.core.errors import ModelError
from app.core.resources import models_folder
from app.vision.onnx_file import OnnxFile, TensorInfo
from tests.unit.vision.tiny_model import CARD, write_model

SHIPPED = sorted(models_folder().glob("*.onnx"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_file_is_written_back_as_it_was(path: Path) -> None:
    data = OnnxFile.read(path).to_bytes()
    assert onnx.load_model_from_string(data) == onnx.load(str(path))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_a_file_holds_is_what_the_package_onnx_reads(path: Path) -> None:
    file, graph = OnnxFile.read(path), onnx.load(str(path)).graph
    assert [node.kind for node in file.nodes] == [node.op_type for node in graph.node]
    for tensor in graph.initializer:
        weight = file.weight(tensor.name)
        if weight is not None:
            assert np.array_equal(weight, numpy_helper.to_array(tensor))
    assert sum(file.weight(t.name) is not None for t in graph.initializer) > 5


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint8, np.int8])
@pytest.mark.parametrize("raw", [True, False])
def test_weights_are_read_however_they_are_stored(tmp_path: Path, dtype: type, raw: bool) -> None:
    values = (np.arange(6).reshape(2, 3) * 20).astype(dtype)
    model = onnx.load(str(write_model(tmp_path / "m.onnx")))
    kind = onnx.helper.np_dtype_to_tensor_dtype(values.dtype)
    data = values.tobytes() if raw else values.flatten()
    model.graph.initializer.append(onnx.helper.make_tensor("w", kind, (2, 3), data, raw=raw))
    onnx.save(model, str(tmp_path / "m.onnx"))
    file = OnnxFile.read(tmp_path / "m.onnx")
    found = file.weight("w")
    assert found is not None
    assert found.dtype == dtype
    assert np.array_equal(found, values)
    assert np.dtype(dtype).name in file.weight_types


def test_open_sides_and_weights_among_the_inputs_are_told_apart(tmp_path: Path) -> None:
    model = onnx.load(str(write_model(tmp_path / "m.onnx")))
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    weight = onnx.helper.make_tensor_value_info("half", onnx.TensorProto.FLOAT, (1, 136))
    model.graph.input.append(weight)
    onnx.save(model, str(tmp_path / "m.onnx"))
    file = OnnxFile.read(tmp_path / "m.onnx")
    assert file.inputs == (TensorInfo("image", (None, 3, 16, 16)),)
    assert file.inputs[0].numbers == 3 * 16 * 16
    assert TensorInfo("x", (1, None)).numbers is None
    assert [(info.name, info.numbers) for info in file.outputs][:2] == [
        ("points", 136),
        ("trust", 1),
    ]


def test_metadata_is_set_beside_what_was_there(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx", metadata={"author": "me", METADATA_KEY: "old"})
    file = OnnxFile.read(path)
    file.set_metadata(CARD.to_metadata())
    (tmp_path / "n.onnx").write_bytes(file.to_bytes())
    properties = onnx.load(str(tmp_path / "n.onnx")).metadata_props
    assert {p.key: p.value for p in properties} == {"author": "me", **CARD.to_metadata()}


@pytest.mark.parametrize("data", [b"", b"hello, I am a text", b"\xff" * 100])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "text.onnx").write_bytes(data)
    with pytest.raises(ModelError, match=r"text\.onnx cannot be read: .* no ONNX model"):
        OnnxFile.read(tmp_path / "text.onnx")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone\.onnx cannot be opened: No such file"):
        OnnxFile.read(tmp_path / "gone.onnx")
