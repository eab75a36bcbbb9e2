"""First weights from a network that was trained before, of the same channels or of half as many;
of other numbers of blocks, too, though only fewer give the same answers.

A network of twice the channels begins as its narrow twin: every channel becomes two equal ones,
and what reads them splits its weights between the two (Net2Net, Chen et al., 2016). The split is
random, so that the twins learn different things from the first step on.
"""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError
from typing import NamedTuple

import torch
from torch import Tensor, nn

from app.core.errors import SourceError


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
    try:
        state = torch.load(checkpoint, weights_only=True)["average"]
    except (OSError, RuntimeError, UnpicklingError, KeyError, EOFError) as error:
        raise SourceError(
            f"{checkpoint} holds no weights to start from; train its recipe first"
        ) from error
    trained = {
        name.removeprefix("module."): tensor
        for name, tensor in state.items()
        if name.startswith("module.")
    }
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
