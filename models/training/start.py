"""First weights from a network that was trained before, of the same channels or of half as many;
of other numbers of blocks, too, though only fewer give the same answers.

A network of twice the channels begins as its narrow twin: every channel becomes two equal ones,
and what reads them splits its weights between the two (Net2Net, Chen et al., 2016). The split is
random, so that the twins learn different things from the first step on.
"""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError
from typing import Final, NamedTuple

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from app.core.errors import SourceError

LARGEST_LOCAL: Final = 3
"""Side of the largest kernels that look at a part of a map alone; theirs mean the same at any
resolution."""


class Start(NamedTuple):
    """Where two networks differ, as names of parameters and buffers.

    new: the checkpoint does not have them; they keep their first weights.
    left_out: the network has no place for them; unless they had no effect, its answers are no
        longer those of the checkpoint.
    """

    new: list[str]
    left_out: list[str]


def start_from(network: nn.Module, checkpoint: Path, seed: int) -> Start:
    """Give a network the averaged weights of a checkpoint, widened where it is twice as wide.

    Args:
        network: changed in place.
        checkpoint: of a finished run of the same family.
        seed: decides how weights are split.

    Raises:
        SourceError: the checkpoint cannot be read or belongs to another network.
    """
    trained = _averaged(checkpoint)
    generator = torch.Generator().manual_seed(seed)
    weights, missing = network.state_dict(), []
    for name, tensor in weights.items():
        if name in trained:
            weights[name] = widened(trained[name], tensor.shape, name, generator)
        else:
            missing.append(name)
    if len(missing) == len(weights):
        raise SourceError(f"{checkpoint} holds no layer of this network")
    network.load_state_dict(weights)
    return Start(missing, [name for name in trained if name not in weights])


def _averaged(checkpoint: Path) -> dict[str, Tensor]:
    """The averaged weights of a checkpoint, by name."""
    try:
        state = torch.load(checkpoint, weights_only=True, map_location="cpu")["average"]
    except (OSError, RuntimeError, UnpicklingError, KeyError, EOFError) as error:
        raise SourceError(
            f"{checkpoint} holds no weights to start from; train its recipe first"
        ) from error
    return {
        name.removeprefix("module."): tensor
        for name, tensor in state.items()
        if name.startswith("module.")
    }


def start_from_file(network: nn.Module, file: Path) -> Start:
    """Give a network without normalisations the weights of a model file.

    The exported file has its normalisations folded into the convolutions, which stand in it in the
    order in which the network has them. The convolution over the whole last map is stretched
    where that map is larger, for crops of more pixels.

    Args:
        network: changed in place.
        file: fp32, of the same architecture.

    Raises:
        SourceError: the file cannot be read or belongs to another network.
    """
    try:
        graph = onnx.load(file).graph
    except (OSError, DecodeError) as error:
        raise SourceError(f"{file} holds no weights to start from: {error}") from error
    known = {tensor.name: tensor for tensor in graph.initializer}
    # Large kernels are stored in half precision and unpacked when the file is loaded.
    known |= {
        node.output[0]: known[node.input[0]]
        for node in graph.node
        if node.op_type == "Cast" and node.input[0] in known
    }
    kernels = [node.input[1:3] for node in graph.node if node.op_type == "Conv"]
    layers = [name for name, m in network.named_modules() if isinstance(m, nn.Conv2d)]
    if len(kernels) > len(layers):
        raise SourceError(f"{file} is the model of another network")
    names = dict(
        pair
        for layer, kernel in zip(layers, kernels, strict=False)
        for pair in zip((f"{layer}.weight", f"{layer}.bias"), kernel, strict=False)
    )
    plain = {_bare(name): tensor for name, tensor in known.items()}
    # Linear layers without an offset lose their names: they are exported as products with the
    # transposed weights.
    products = [
        node.input[1] for node in graph.node if node.op_type == "MatMul" and node.input[1] in known
    ]
    bare = [n for n, m in network.named_modules() if isinstance(m, nn.Linear) and m.bias is None]
    turned = {f"{layer}.weight": known[name] for layer, name in zip(bare, products, strict=False)}
    weights, missing = network.state_dict(), []
    for name, tensor in weights.items():
        there = known.get(names[name]) if name in names else plain.get(name, turned.get(name))
        if there is None and name in names:
            raise SourceError(f"{file} holds no weights of {name}; an fp32 file is needed")
        if there is None:
            missing.append(name)
            continue
        values = torch.from_numpy(numpy_helper.to_array(there).astype(np.float32))
        if name in turned:
            values = values.T.contiguous()
        if values.dim() == 4 and min(*values.shape[2:], *tensor.shape[2:]) > LARGEST_LOCAL:
            values = stretched(values, tensor.shape[2:])
        if values.shape != tensor.shape:
            raise SourceError(
                f"{name} of {file} has the shape {tuple(values.shape)}; {tuple(tensor.shape)} is "
                "needed"
            )
        weights[name] = values
    network.load_state_dict(weights)
    return Start(missing, [])


def stretched(kernel: Tensor, shape: torch.Size) -> Tensor:
    """A kernel (O, I, h, w) for a map of another size: of a picture of the same at another
    resolution it gives about the same.
    """
    if kernel.shape[2:] == shape:
        return kernel
    share = kernel.shape[2] * kernel.shape[3] / shape.numel()
    return functional.interpolate(kernel, tuple(shape), mode="bilinear", antialias=True) * share


def _bare(name: str) -> str:
    """Name of a parameter in the network itself, without those of what the export wraps it in."""
    while name.startswith("_network."):
        name = name.removeprefix("_network.")
    return name


def widened(tensor: Tensor, shape: torch.Size, name: str, generator: torch.Generator) -> Tensor:
    """A parameter or buffer for twice the channels: rows (outputs) repeat, columns (inputs)
    share what one had. Neighbours are twins, so joined maps stay in step.

    Raises:
        SourceError: an axis is neither as long as wanted nor half as long.
    """
    if tensor.dim() != len(shape) or any(
        wanted not in (had, 2 * had) for had, wanted in zip(tensor.shape, shape, strict=True)
    ):
        raise SourceError(
            f"{name} of the network to start from has the shape {tuple(tensor.shape)}; "
            f"{tuple(shape)} or half of it is needed"
        )
    if tensor.dim() == 0:
        return tensor.clone()
    if shape[0] == 2 * tensor.shape[0]:
        tensor = tensor.repeat_interleave(2, dim=0)
    if tensor.dim() > 1 and shape[1] == 2 * tensor.shape[1]:
        part = torch.rand(tensor.shape, generator=generator) * tensor
        tensor = torch.stack([part, tensor - part], dim=2).flatten(1, 2)
    if tensor.shape != shape:
        raise SourceError(f"{name} grows along an axis that holds no channels")
    return tensor.clone()
