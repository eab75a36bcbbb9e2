from typing import get_args

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from models.training.optimisation import METHODS, Descent, Method  # noqa: E402

pytestmark = pytest.mark.torch

RATE = 1e-2


def network() -> nn.Module:
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1, groups=8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 2),
    )
    return layers.to(memory_format=torch.channels_last)


def gradients(layers: nn.Module) -> None:
    """Of a fit of the mean colours of random pictures, two of three."""
    images = torch.rand(16, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    wanted = images.mean(dim=(2, 3))[:, :2]
    (layers(images) - wanted).square().mean().backward()


def error(layers: nn.Module) -> float:
    images = torch.rand(64, 3, 8, 8, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        return float((layers(images) - images.mean(dim=(2, 3))[:, :2]).square().mean())


@pytest.mark.parametrize("method", METHODS)
def test_both_methods_learn(method: Method) -> None:
    layers = network()
    descent = Descent(layers, method, 0.0)
    before = error(layers)
    for _ in range(60):
        gradients(layers)
        descent.step(RATE, 1.0)
    assert error(layers) < 0.1 * before


def test_muon_goes_equally_far_in_all_directions_of_a_kernel() -> None:
    layers = network()
    before = layers[0].weight.detach().clone()
    descent = Descent(layers, "muon", 0.0)
    gradients(layers)
    descent.step(RATE, 1.0)
    moved = (layers[0].weight.detach() - before).permute(0, 2, 3, 1).flatten(1)
    values = torch.linalg.svdvals(moved)
    # Channels that no picture reaches have no gradient and do not move.
    values = values[values > 1e-3 * values.max()]
    assert len(values) > 2
    assert values.min() > 0.5 * values.max()
    # All of them alike, 0.2 of the rate for each weight: as far as AdamW goes.
    assert values.median() == pytest.approx(0.2 * RATE * 27**0.5, rel=0.3)


def test_kernels_of_single_channels_are_left_to_adamw() -> None:
    layers = network()
    before = layers[2].weight.detach().clone()
    gradients(layers)
    Descent(layers, "muon", 0.0).step(RATE, 1.0)
    moved = (layers[2].weight.detach() - before).abs()
    assert moved[moved > 0].max() == pytest.approx(RATE, rel=1e-2)


def test_gradients_are_forgotten_after_a_step() -> None:
    layers = network()
    gradients(layers)
    Descent(layers, "muon", 0.0).step(RATE, 1.0)
    assert all(p.grad is None for p in layers.parameters())


def test_a_layer_without_gradients_stays() -> None:
    layers = network()
    gradients(layers)
    layers[0].weight.grad = None
    before = layers[0].weight.detach().clone()
    Descent(layers, "muon", 0.1).step(RATE, 1.0)
    assert torch.equal(layers[0].weight, before)


@pytest.mark.parametrize("method", METHODS)
def test_going_on_from_a_saved_state_is_the_same_as_never_stopping(method: Method) -> None:
    whole, half = network(), network()
    straight, first = Descent(whole, method, 0.1), Descent(half, method, 0.1)
    for _ in range(4):
        gradients(whole)
        straight.step(RATE, 1.0)
    for _ in range(2):
        gradients(half)
        first.step(RATE, 1.0)
    second = Descent(half, method, 0.1)
    second.load_state_dict(first.state_dict())
    for _ in range(2):
        gradients(half)
        second.step(RATE, 1.0)
    pairs = zip(whole.parameters(), half.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_the_state_of_another_method_is_refused() -> None:
    states = Descent(network(), "adamw", 0.0).state_dict()
    with pytest.raises(ValueError, match="another method"):
        Descent(network(), "muon", 0.0).load_state_dict(states)
    # Checkpoints of before held the state of AdamW itself.
    with pytest.raises(ValueError, match="another method"):
        Descent(network(), "adamw", 0.0).load_state_dict(states[0])


def test_a_network_whose_channels_come_first_is_refused() -> None:
    layers = network().to(memory_format=torch.contiguous_format)
    with pytest.raises(ValueError, match="channels last"):
        Descent(layers, "muon", 0.0)


def test_the_methods_are_those_of_the_type() -> None:
    assert get_args(Method) == METHODS == ("adamw", "muon")
