"""A first convolution that int8 is fast at: four pixels side by side as one of twelve channels.

A first convolution in int8 takes the runtime as long as two of five times its products further
inside: three channels are none of the multiples that its fast kernels want. Four pixels of a row
lie side by side in memory and can be read as one of twelve channels at no cost. The weights are
those of before among zeros, the answers the same; what it brought stands in
`models/pfld/RESULTS.md`.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

JOINED: Final = 4
"""Columns that become one. Measured: two gain nothing, eight no more than four."""

_TO_ROWS, _TO_MAPS = [0, 2, 3, 1], [0, 3, 1, 2]


def join_columns(model: Any, *, except_for: Container[str] = ()) -> bool:
    """Let the first convolution of a loaded fp32 model see columns joined, if it can.

    Args:
        model: changed in place. Its first convolution is meant to halve the resolution with
            kernels of 3×3 and to be followed by a Relu; another one is left alone.
        except_for: names of nodes that stay as they are.

    Returns:
        Whether it was changed.
    """
    graph = model.graph
    conv = next((node for node in graph.node if node.op_type == "Conv"), None)
    weights = {tensor.name: tensor for tensor in graph.initializer}
    if conv is None or conv.name in except_for or any(w not in weights for w in conv.input[1:]):
        return False
    readers = [node for node in graph.node if conv.output[0] in node.input]
    kernel = numpy_helper.to_array(weights[conv.input[1]])
    side = _side(model, conv.input[0])
    if (
        len(conv.input) != 3
        or [node.op_type for node in readers] != ["Relu"]
        or kernel.shape[2:] != (3, 3)
        or not _halves(conv)
        or side is None
        or side % JOINED
    ):
        return False
    relu, outputs, inputs = readers[0], *kernel.shape[:2]
    cells = JOINED // 2
    offsets = numpy_helper.to_array(weights[conv.input[2]])
    name = conv.name
    names = [f"{name}/{part}" for part in ("kernel", "offsets", "joined_shape", "cell_shape")]
    graph.initializer.extend(
        numpy_helper.from_array(array, own)
        for array, own in zip(
            (
                joined_kernel(kernel),
                np.tile(offsets, cells),
                np.array([-1, side, side // JOINED, JOINED * inputs], np.int64),
                np.array([-1, side // 2, side // 2, outputs], np.int64),
            ),
            names,
            strict=True,
        )
    )

    def steps(kind: str, tensor: str, *others: str, to: str = "", **attributes: Any) -> Any:
        """A node after a tensor, named for what it gives."""
        output = to or f"{name}/{len(new)}"
        return helper.make_node(
            kind, [tensor, *others], [output], f"{name}/{kind}_{len(new)}", **attributes
        )

    new: list[Any] = []
    new.append(steps("Transpose", conv.input[0], perm=_TO_ROWS))
    new.append(steps("Reshape", new[-1].output[0], names[2]))
    new.append(steps("Transpose", new[-1].output[0], perm=_TO_MAPS))
    new.append(
        steps("Conv", new[-1].output[0], *names[:2], kernel_shape=[3, 2], strides=[2, 1],
              pads=[1, 1, 0, 0])
    )  # fmt: skip
    new.append(steps("Relu", new[-1].output[0]))
    new.append(steps("Transpose", new[-1].output[0], perm=_TO_ROWS))
    new.append(steps("Reshape", new[-1].output[0], names[3]))
    new.append(steps("Transpose", new[-1].output[0], to=relu.output[0], perm=_TO_MAPS))
    nodes = []
    for node in graph.node:
        if node is conv:
            nodes += new
        elif node is not relu:
            nodes.append(node)
    kept = [tensor for tensor in graph.initializer if tensor.name not in conv.input[1:]]
    for field, values in ((graph.node, nodes), (graph.initializer, kept)):
        copies = [type(value).FromString(value.SerializeToString()) for value in values]
        del field[:]
        field.extend(copies)
    return True


def joined_kernel(kernel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A kernel (O, I, 3, 3) with steps of two as one (2 O, 4 I, 3, 2) for joined columns, which
    goes by one of them and gives the cells that lie side by side there.
    """
    outputs, inputs = kernel.shape[:2]
    joined = np.zeros((JOINED // 2, outputs, 2, JOINED, inputs, 3), np.float32)
    for cell in range(JOINED // 2):
        for column in range(3):
            # The first column that a cell reads lies to the left of it.
            group, place = divmod(2 * cell + column - 1 + JOINED, JOINED)
            joined[cell, :, group, place] = kernel[..., column]
    rows = joined.transpose(0, 1, 3, 4, 5, 2)  # cells, outputs, columns, inputs, height, groups
    return np.ascontiguousarray(rows.reshape(-1, JOINED * inputs, 3, 2))


def _halves(conv: Any) -> bool:
    """Whether a convolution goes in steps of two from a border of one, in one group."""
    values = {entry.name: helper.get_attribute_value(entry) for entry in conv.attribute}
    return (
        list(values.get("strides", [])) == [2, 2]
        and list(values.get("pads", [])) == [1, 1, 1, 1]
        and values.get("group", 1) == 1
        and set(values.get("dilations", [1])) == {1}
    )


def _side(model: Any, tensor: str) -> int | None:
    """Side of the square maps of a tensor (B, C, side, side), or None if it is not known."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    for info in (*graph.input, *graph.value_info):
        if info.name == tensor:
            sides = [axis.dim_value for axis in info.type.tensor_type.shape.dim]
            return sides[2] if len(sides) == 4 and sides[2] == sides[3] > 0 else None
    return None
