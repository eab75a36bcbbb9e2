import pytest

from models.training.cli import main


@pytest.mark.parametrize(
    "command", ["labels", "train", "prune", "export", "quantize", "report", "face-points", "sheet"]
)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert command in capsys.readouterr().out


def test_missing_data_ends_with_one_sentence_and_code_2(
    tmp_path: pytest.TempPathFactory, capsys: pytest.CaptureFixture
) -> None:
    assert main(["--data", str(tmp_path), "labels"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
