"""Rewrites a network for int8: its first convolution reads four pixels of a row as one."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Final

import numpy as np
import onnx
from onnx import helper, numpy_helper

from app.core.joined_columns import CELLS, COLUMNS, joined_kernel

_COLOURS: Final = 3
_TO_ROWS, _TO_MAPS = [0, 2, 3, 1], [0, 3, 1, 2]


def join_columns(model: Any, *, except_for: Container[str] = ()) -> bool:
    """Let the first convolution of a loaded fp32 model see joined columns, if it can.

    The answers stay those of before to the rounding of sums. What it brings stands in
    `models/pfld/RESULTS.md`.

    Args:
        model: changed in place. Its first convolution is meant to look at colours, to halve the
            resolution with kernels of 3×3 and to be followed by a Relu alone; any other is left as
            it is, for nothing was measured of it.
        except_for: names of nodes that stay as they are.

    Returns:
        Whether it was changed.
    """
    graph = model.graph
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    conv = next((node for node in graph.node if node.op_type == "Conv"), None)
    if conv is None or conv.name in except_for or not _halves_colours(conv, weights):
        return False
    readers = [node for node in graph.node if conv.output[0] in node.input]
    shown = any(output.name == conv.output[0] for output in graph.output)
    side = _side(model, conv.input[0])
    if [node.op_type for node in readers] != ["Relu"] or shown or side is None or side % COLUMNS:
        return False
    kernel, offsets = (weights[name] for name in conv.input[1:])
    outputs, inputs = kernel.shape[:2]
    constants = {
        f"{conv.name}/kernel": joined_kernel(kernel),
        f"{conv.name}/offsets": np.tile(offsets, CELLS),
        f"{conv.name}/joined": np.array([-1, side, side // COLUMNS, COLUMNS * inputs], np.int64),
        f"{conv.name}/apart": np.array([-1, side // 2, side // 2, outputs], np.int64),
    }
    weight, offset, joined, apart = constants
    chain: list[Any] = []

    def then(kind: str, *others: str, **attributes: Any) -> None:
        """One more node behind the last."""
        read = chain[-1].output[0] if chain else conv.input[0]
        name = f"{conv.name}/{kind}_{len(chain)}"
        chain.append(helper.make_node(kind, [read, *others], [name], name, **attributes))

    then("Transpose", perm=_TO_ROWS)
    then("Reshape", joined)
    then("Transpose", perm=_TO_MAPS)
    then("Conv", weight, offset, kernel_shape=[3, 2], strides=[2, 1], pads=[1, 1, 0, 0])
    then("Relu")
    then("Transpose", perm=_TO_ROWS)
    then("Reshape", apart)
    then("Transpose", perm=_TO_MAPS)
    chain[-1].output[0] = readers[0].output[0]
    nodes = []
    for node in graph.node:
        if node is conv:
            nodes += chain
        elif node is not readers[0]:
            nodes.append(node)
    read = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in read]
    kept += [numpy_helper.from_array(array, name) for name, array in constants.items()]
    for field, values in ((graph.node, nodes), (graph.initializer, kept)):
        before = len(field)
        field.extend(values)  # copies them: only then may the others go
        del field[:before]
    return True


def _halves_colours(conv: Any, weights: dict[str, Any]) -> bool:
    """Whether a convolution with offsets looks at three channels with kernels of 3×3, in steps of
    two from a border of one.
    """
    if len(conv.input) != 3 or any(name not in weights for name in conv.input[1:]):
        return False
    values = {entry.name: helper.get_attribute_value(entry) for entry in conv.attribute}
    return (
        weights[conv.input[1]].shape[1:] == (_COLOURS, 3, 3)
        and list(values.get("strides", [])) == [2, 2]
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
