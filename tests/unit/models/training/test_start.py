from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from app.core.errors import SourceError  # noqa: E402
from models.pfld.network import Architecture, Pfld, Stage  # noqa: E402
from models.training.corners import MARGIN  # noqa: E402
from models.training.export import card_of, export  # noqa: E402
from models.training.recipe import Recipe  # noqa: E402
from models.training.start import (  # noqa: E402
    start_from,
    start_from_file,
    stretched,
)

MESH_ALONE = ["mesh.weight", "mesh.bias"]
"""What no file holds; nor does one whose card tells of no expression hold that layer."""

pytestmark = pytest.mark.torch


def network(times: int = 1, repeats: int = 2, **changes: Any) -> Pfld:
    torch.manual_seed(times)
    stages = tuple(
        Stage(block=block, channels=channels * times, expansion=2, repeats=repeats, stride=2)
        for block, channels in (("fused", 8), ("inverted", 8), ("fused", 16))
    )
    architecture = Architecture(
        input_size=64, stem=8 * times, stages=stages, bottleneck=8 * times, scale3=16 * times,
        pose_stage=0,
    )  # fmt: skip
    return Pfld(replace(architecture, **changes))


@pytest.fixture
def trained(tmp_path: Path) -> tuple[Pfld, Path]:
    """A network whose normalisations have seen pictures, and its checkpoint."""
    narrow = network()
    for module in narrow.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.weight, 1.0, 0.2)
    for _ in range(3):
        narrow(torch.randn(4, 3, 64, 64))
    path = tmp_path / "checkpoint.pt"
    state = {f"module.{name}": value for name, value in narrow.state_dict().items()}
    torch.save({"average": state | {"n_averaged": torch.tensor(3)}}, path)
    return narrow.eval(), path


@pytest.mark.parametrize("times", [1, 2])
def test_a_network_starts_with_the_answers_of_the_one_before(
    trained: tuple[Pfld, Path], times: int
) -> None:
    narrow, path = trained
    wide = network(times)
    assert start_from(wide, path, seed=0) == ([], [])
    pictures = torch.randn(4, 3, 64, 64)
    with torch.inference_mode():
        before, after = narrow(pictures), wide.eval()(pictures)
    for name in ("points", "trust", "pose"):
        torch.testing.assert_close(getattr(after, name), getattr(before, name))


def test_blocks_that_are_new_change_no_answer_and_learn(trained: tuple[Pfld, Path]) -> None:
    shallow, path = trained
    deep = network(repeats=3)
    new = start_from(deep, path, seed=0).new
    assert {name.rsplit(".body.", 1)[0] for name in new} == {f"stages.{i}.2" for i in range(3)}
    pictures = torch.randn(4, 3, 64, 64)
    with torch.inference_mode():
        before, after = shallow(pictures), deep.eval()(pictures)
    torch.testing.assert_close(after.points, before.points)
    deep.train()(pictures).points.sum().backward()
    assert all(stage[2].body[-1].weight.grad.any() for stage in deep.stages)


def test_twin_channels_learn_different_things(trained: tuple[Pfld, Path]) -> None:
    wide = network(2)
    start_from(wide, trained[1], seed=0)
    wide(torch.randn(4, 3, 64, 64)).points.sum().backward()
    gradient = wide.stem[0].weight.grad
    assert not torch.allclose(gradient[0::2], gradient[1::2], rtol=0.05)


def test_layers_that_are_new_keep_their_first_weights_and_are_named(
    trained: tuple[Pfld, Path],
) -> None:
    state = torch.load(trained[1], weights_only=True)
    for name in ("module.mesh.weight", "module.mesh.bias"):
        del state["average"][name]
    torch.save(state, trained[1])
    new = network(2)
    first = new.mesh.weight.clone()
    assert start_from(new, trained[1], seed=0) == (["mesh.weight", "mesh.bias"], [])
    assert torch.equal(new.mesh.weight, first)


def test_trained_layers_without_a_place_are_named(trained: tuple[Pfld, Path]) -> None:
    start = start_from(network(repeats=1), trained[1], seed=0)
    assert start.new == []
    assert {name.rsplit(".body.", 1)[0] for name in start.left_out} == {
        f"stages.{i}.1" for i in range(3)
    }


def test_a_network_of_other_channels_is_refused(trained: tuple[Pfld, Path]) -> None:
    with pytest.raises(SourceError, match="stem"):
        start_from(network(3), trained[1], seed=0)


def test_a_larger_kernel_is_no_widening(trained: tuple[Pfld, Path]) -> None:
    with pytest.raises(SourceError, match="scale3"):
        start_from(network(2, input_size=128), trained[1], seed=0)


@pytest.mark.parametrize("content", [None, b"", b"no weights"])
def test_a_checkpoint_that_is_missing_or_broken_says_what_to_do(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "checkpoint.pt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match="train its recipe first"):
        start_from(network(), path, seed=0)


def test_a_checkpoint_of_another_family_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save({"average": {"module.other": torch.zeros(1)}}, path)
    with pytest.raises(SourceError, match="no layer of this network"):
        start_from(network(), path, seed=0)


@pytest.fixture(params=[False, True], ids=["plain", "corners"])
def exported(request: pytest.FixtureRequest, trained: tuple[Pfld, Path], tmp_path: Path) -> Path:
    recipe = Recipe.load(Path(__file__).parents[4] / "models" / "pfld" / "0.25x.toml")
    card = replace(card_of(recipe, "a test"), input_size=64 + MARGIN * request.param)
    export(trained[0], card, tmp_path / "small.onnx", corners=request.param)
    return tmp_path / "small.onnx"


def test_a_folded_network_starts_with_the_answers_of_a_file(
    trained: tuple[Pfld, Path], exported: Path
) -> None:
    folded = network(folded=True, pose_stage=None)
    start = start_from_file(folded, exported)
    assert [name for name in start.new if "expression" not in name] == MESH_ALONE
    pictures = torch.randn(4, 3, 64, 64)
    with torch.inference_mode():
        before, after = trained[0](pictures), folded.eval()(pictures)
    for name in ("points", "trust", "pose"):
        # The large layers of the file are stored in half precision.
        one, other = getattr(after, name), getattr(before, name)
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("corners", [False, True])
def test_a_direct_way_is_read_from_a_file_too(tmp_path: Path, corners: bool) -> None:
    before = network(folded=True, pose_stage=None, direct=3)
    for parameter in before.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.1)
    recipe = Recipe.load(Path(__file__).parents[4] / "models" / "pfld" / "0.25x.toml")
    file = tmp_path / "direct.onnx"
    card = replace(card_of(recipe, "a test"), input_size=64 + MARGIN * corners)
    export(before, card, file, corners=corners)
    after = network(folded=True, pose_stage=None, direct=3)
    new = start_from_file(after, file).new
    assert [name for name in new if "expression" not in name] == MESH_ALONE
    pictures = torch.randn(4, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(
            after.eval()(pictures).points, before.eval()(pictures).points, rtol=1e-3, atol=1e-3
        )


def test_a_file_of_another_network_is_refused(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="another network"):
        start_from_file(network(folded=True, repeats=1), exported)
    with pytest.raises(SourceError, match="shape"):
        start_from_file(network(folded=True, times=2), exported)
    (tmp_path / "text.onnx").write_text("no model", encoding="utf-8")
    with pytest.raises(SourceError, match=r"text\.onnx holds no weights"):
        start_from_file(network(folded=True), tmp_path / "text.onnx")


def test_a_kernel_over_a_whole_map_keeps_its_sum_when_it_is_stretched() -> None:
    kernel = torch.full((2, 3, 7, 7), 0.5)
    larger = stretched(kernel, torch.Size((8, 8)))
    assert larger.shape == (2, 3, 8, 8)
    torch.testing.assert_close(larger.sum((2, 3)), kernel.sum((2, 3)))
    assert stretched(kernel, torch.Size((7, 7))) is kernel
