"""What turns gradients into steps: AdamW, or Muon for the kernels and AdamW for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, get_args

from torch import Tensor, nn
from torch.optim import AdamW, Muon, Optimizer

Method = Literal["adamw", "muon"]
METHODS: Final = get_args(Method)


class Descent:
    """The optimiser of a network, on one learning rate.

    Args:
        network: whose parameters it moves, channels last in memory, where they must stay.
        method: `adamw` for all of them, or `muon` (Jordan et al. 2024) for the kernels of the
            convolutions: its steps go equally far in every direction that a kernel mixes
            channels in, where those of Adam follow the few strongest. They are scaled as Liu et
            al. (2025) do, so that a rate for AdamW serves here, too.
        weight_decay: of weights alone; it would pull normalisation and biases for nothing.

    Raises:
        ValueError: the network lies otherwise in memory.
    """

    def __init__(self, network: nn.Module, method: Method, weight_decay: float) -> None:
        self._parameters = list(network.parameters())
        mixing = [method == "muon" and p.ndim == 4 and p.shape[1] > 1 for p in self._parameters]
        kernels = [p for p, mixes in zip(self._parameters, mixing, strict=True) if mixes]
        rest = [p for p, mixes in zip(self._parameters, mixing, strict=True) if not mixes]
        weights = [p for p in rest if p.ndim > 1]
        others = [p for p in rest if p.ndim <= 1]
        groups = [
            {"params": weights, "weight_decay": weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        self._parts: list[Optimizer] = [AdamW(groups, lr=0.0, fused=True)]
        self._kernels = [(kernel, _matrix(kernel)) for kernel in kernels]
        if any(kernel.data_ptr() != matrix.data_ptr() for kernel, matrix in self._kernels):
            raise ValueError("the network has to lie in memory with its channels last")
        if self._kernels:
            matrices = [matrix for _, matrix in self._kernels]
            self._parts.append(
                Muon(matrices, lr=0.0, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
            )

    def step(self, rate: float, largest: float) -> None:
        """Move along the gradients, at a learning rate, and forget them.

        Args:
            rate: how far.
            largest: norm to which the gradients of all parameters together are cut down.
        """
        nn.utils.clip_grad_norm_(self._parameters, largest)
        for kernel, matrix in self._kernels:
            if kernel.grad is not None:
                matrix.grad = _rows(kernel.grad)
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = rate
            part.step()
        self._forget()

    def state_dict(self) -> list[dict[str, Any]]:
        """For a checkpoint."""
        return [part.state_dict() for part in self._parts]

    def load_state_dict(self, states: Sequence[dict[str, Any]]) -> None:
        """What `state_dict` gave, for a network and a method like those of then.

        Raises:
            ValueError: it belongs to another method or another network.
        """
        if not isinstance(states, list) or len(states) != len(self._parts):
            raise ValueError("the state of the optimiser belongs to another method")
        for part, state in zip(self._parts, states, strict=True):
            part.load_state_dict(state)

    def _forget(self) -> None:
        for parameter in self._parameters:
            parameter.grad = None
        for _, matrix in self._kernels:
            matrix.grad = None


def _matrix(kernel: Tensor) -> nn.Parameter:
    """A kernel (O, I, H, W) as the matrix (O, H W I) over the same memory, for Muon, which takes
    matrices alone: what it does to them, it does to the kernel.
    """
    return nn.Parameter(_rows(kernel.detach()))


def _rows(kernel: Tensor) -> Tensor:
    """(O, I, H, W), channels last in memory, to (O, H W I) without a copy."""
    return kernel.permute(0, 2, 3, 1).flatten(1)
