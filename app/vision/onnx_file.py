"""ONNX files as data: what they hold, and what may be changed in them.

Only the fields that the program uses are declared here, with the numbers that they have in
onnx.proto3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3). All others pass through
protobuf unchanged, so a file is written back whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from app.core.errors import ModelError
from app.core.untrusted import UnusableError, read_bytes, shown

NO_MODEL: Final = "it is cut off, or no ONNX model at all"

_TEXT, _BYTES, _INT, _INTS, _FLOATS, _ONE, _MANY = (
    "text", "bytes", "int", "ints", "floats", "one", "many",
)  # fmt: skip
# Message -> field -> (number, kind, message of the field).
_MESSAGES: Final[dict[str, dict[str, tuple[int, str, str]]]] = {
    "Model": {
        "graph": (7, _ONE, "Graph"),
        "metadata_props": (14, _MANY, "Entry"),
        "training_info": (20, _MANY, "Training"),
        "functions": (25, _MANY, "Function"),
    },
    "Training": {"initialization": (1, _ONE, "Graph"), "algorithm": (2, _ONE, "Graph")},
    "Function": {"node": (7, _MANY, "Node"), "attribute_proto": (11, _MANY, "Attribute")},
    "Entry": {"key": (1, _TEXT, ""), "value": (2, _TEXT, "")},
    "Graph": {
        "node": (1, _MANY, "Node"),
        "initializer": (5, _MANY, "Tensor"),
        "input": (11, _MANY, "Value"),
        "output": (12, _MANY, "Value"),
        "sparse_initializer": (15, _MANY, "Sparse"),
    },
    "Node": {
        "input": (1, "texts", ""),
        "output": (2, "texts", ""),
        "name": (3, _TEXT, ""),
        "op_type": (4, _TEXT, ""),
        "attribute": (5, _MANY, "Attribute"),
    },
    "Attribute": {
        "t": (5, _ONE, "Tensor"),
        "g": (6, _ONE, "Graph"),
        "tensors": (10, _MANY, "Tensor"),
        "graphs": (11, _MANY, "Graph"),
        "sparse_tensor": (22, _ONE, "Sparse"),
        "sparse_tensors": (23, _MANY, "Sparse"),
    },
    "Sparse": {"values": (1, _ONE, "Tensor"), "indices": (2, _ONE, "Tensor")},
    "Tensor": {
        "dims": (1, _INTS, ""),
        "data_type": (2, _INT, ""),
        "float_data": (4, _FLOATS, ""),
        "int32_data": (5, _INTS, ""),
        "name": (8, _TEXT, ""),
        "raw_data": (9, _BYTES, ""),
        "external_data": (13, _MANY, "Entry"),
        "data_location": (14, _INT, ""),
    },
    "Value": {"name": (1, _TEXT, ""), "type": (2, _ONE, "Type")},
    "Type": {"tensor_type": (1, _ONE, "TensorType")},
    "TensorType": {"elem_type": (1, _INT, ""), "shape": (2, _ONE, "Shape")},
    "Shape": {"dim": (1, _MANY, "Dimension")},
    "Dimension": {"dim_value": (1, _INT, ""), "dim_param": (2, _TEXT, "")},
}
_MAY_HOLD: Final = frozenset(
    {"Graph", "Node", "Attribute", "Tensor", "Sparse", "Training", "Function"}
)
"""Messages that hold tensors."""
_ORT_MARK: Final = b"ORTM"
_MOST_BYTES: Final = 512 * 2**20
_FLOAT32, _UINT8, _INT8, _FLOAT16 = 1, 2, 3, 10
_DTYPES: Final = {_FLOAT32: np.float32, _UINT8: np.uint8, _INT8: np.int8, _FLOAT16: np.float16}


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """An input or an output of a network.

    Attributes:
        name: as the file has it.
        shape: None for a side that is open.
    """

    name: str
    shape: tuple[int | None, ...]

    @property
    def numbers(self) -> int | None:
        """How many numbers it holds, an open first side (the batch) taken for 1; None if open."""
        sides = (1, *self.shape[1:]) if self.shape and self.shape[0] is None else self.shape
        known = [side for side in sides if side is not None]
        return int(np.prod(known)) if len(known) == len(sides) else None


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """One operation of a network.

    Attributes:
        name, kind: such as `/stem/Conv` and `Conv`.
        inputs, outputs: names of tensors; an input that is left out is "".
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class OnnxFile:
    """The contents of an ONNX file in memory."""

    def __init__(self, message: Any) -> None:
        self._message = message

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            ModelError: it cannot be read or holds no ONNX model.
        """
        try:
            data = read_bytes(path, most=_MOST_BYTES)
        except OSError as error:
            raise ModelError(f"{path.name} cannot be opened: {error.strerror}.") from error
        except UnusableError as error:
            raise ModelError(f"{path.name} cannot be opened: {error}.") from error
        try:
            return cls.parse(data)
        except ModelError as error:
            raise ModelError(f"{path.name} cannot be read: {error}.") from error

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The contents of a file.

        Raises:
            ModelError: they are no ONNX model; without a full stop.
        """
        message = _message_class("Model")()
        try:
            message.ParseFromString(data)
        except (DecodeError, RecursionError, ValueError) as error:
            raise ModelError(NO_MODEL) from error
        # onnxruntime has a format of its own, which it takes by this mark whatever else it is.
        if not message.graph.node or data[4:8] == _ORT_MARK:
            raise ModelError(NO_MODEL)
        return cls(message)

    @property
    def reads_other_files(self) -> bool:
        """Whether a weight, wherever it stands, is to be read from another file."""
        waiting = [self._message]
        while waiting:
            message = waiting.pop()
            for field, value in message.ListFields():
                if field.name in ("external_data", "data_location") and value:
                    return True
                if field.message_type is not None and field.message_type.name in _MAY_HOLD:
                    waiting += value if field.label == field.LABEL_REPEATED else [value]
        return False

    def to_bytes(self) -> bytes:
        """What a file of it holds."""
        return bytes(self._message.SerializeToString())

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        """What the network asks for; old files list their weights as inputs, too."""
        weights = {tensor.name for tensor in self._message.graph.initializer}
        return tuple(_info(v) for v in self._message.graph.input if v.name not in weights)

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        """What the network gives."""
        return tuple(_info(value) for value in self._message.graph.output)

    @property
    def nodes(self) -> tuple[NodeInfo, ...]:
        """The operations, each after those that it needs."""
        return tuple(
            NodeInfo(
                node.name or next(iter(node.output), ""),
                node.op_type,
                tuple(node.input),
                tuple(node.output),
            )
            for node in self._message.graph.node
        )

    @property
    def metadata(self) -> dict[str, str]:
        """Key -> value."""
        return {entry.key: entry.value for entry in self._message.metadata_props}

    def set_metadata(self, values: dict[str, str]) -> None:
        """Set some entries; the others stay as they are."""
        kept = {key: value for key, value in self.metadata.items() if key not in values}
        del self._message.metadata_props[:]
        for key, value in {**kept, **values}.items():
            self._message.metadata_props.add(key=key, value=value)

    @property
    def weight_types(self) -> frozenset[str]:
        """Kinds of numbers among the weights, as numpy calls those that it knows here."""
        found = {tensor.data_type for tensor in self._message.graph.initializer}
        return frozenset(np.dtype(_DTYPES[kind]).name for kind in found if kind in _DTYPES)

    def weight(self, name: str) -> npt.NDArray[Any] | None:
        """A weight by name; None where there is none of a type that is known here.

        Raises:
            ModelError: it does not hold as many numbers as it says; without a full stop.
        """
        for tensor in self._message.graph.initializer:
            if tensor.name == name and tensor.data_type in _DTYPES:
                try:
                    return _array(tensor)
                except (ValueError, OverflowError) as error:
                    raise ModelError(
                        f"the weight {shown(name)} does not hold the numbers that it promises"
                    ) from error
        return None

    def add_outputs(self, names: Sequence[str]) -> None:
        """Let the network give tensors from its inside, too."""
        known = {output.name for output in self.outputs}
        for name in names:
            if name not in known:
                self._message.graph.output.add(name=name)


def _info(value: Any) -> TensorInfo:
    sides = value.type.tensor_type.shape.dim
    shape = tuple(d.dim_value if d.HasField("dim_value") else None for d in sides)
    return TensorInfo(value.name, shape)


def _array(tensor: Any) -> npt.NDArray[Any]:
    dtype = np.dtype(_DTYPES[tensor.data_type]).newbyteorder("<")
    if tensor.raw_data:
        values = np.frombuffer(tensor.raw_data, dtype)
    elif tensor.data_type == _FLOAT32:
        values = np.array(tensor.float_data, dtype)
    elif tensor.data_type == _FLOAT16:  # their bits, one in each int32
        values = np.array(tensor.int32_data, np.uint16).view(dtype)
    else:
        values = np.array(tensor.int32_data).astype(dtype)
    return values.reshape(tuple(tensor.dims))


@cache
def _message_class(name: str) -> Any:
    """The class of a message, from a pool of our own: the package onnx declares its own."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"pfld_live.{name}"))


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    field = descriptor_pb2.FieldDescriptorProto
    kinds = {
        _TEXT: field.TYPE_STRING, "texts": field.TYPE_STRING, _BYTES: field.TYPE_BYTES,
        _INT: field.TYPE_INT64, _INTS: field.TYPE_INT64, _FLOATS: field.TYPE_FLOAT,
        _ONE: field.TYPE_MESSAGE, _MANY: field.TYPE_MESSAGE,
    }  # fmt: skip
    file = descriptor_pb2.FileDescriptorProto(
        name="pfld_live.proto", package="pfld_live", syntax="proto2"
    )
    for message, parts in _MESSAGES.items():
        declared = file.message_type.add(name=message)
        for name, (number, kind, inner) in parts.items():
            repeated = kind in (_INTS, _FLOATS, _MANY, "texts")
            added = declared.field.add(
                name=name,
                number=number,
                type=kinds[kind],
                label=field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL,
            )
            if inner:
                added.type_name = f".pfld_live.{inner}"
            if name.endswith("_data") and kind in (_INTS, _FLOATS):
                added.options.packed = True
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool
