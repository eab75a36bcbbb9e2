import json
import sys
from pathlib import Path

import pytest

from app.cli.main import main
from app.cli.terminal import CLEAR_LINE, harmless, harmless_output


@pytest.mark.parametrize("text", ["\x1b[2J", "\x9b2J", "a\rb", "\x07", "\u202egpj", "\x7f", "\x00"])
def test_commands_to_a_terminal_are_shown_as_escapes(text: str) -> None:
    plain = harmless(text + "\n")
    assert plain[:-1].isprintable()
    assert plain.endswith("\n")
    assert json.loads(f'"{plain[:-1]}"') == text


def test_other_texts_and_the_line_of_a_progress_bar_stay(capsys: pytest.CaptureFixture) -> None:
    with harmless_output():
        print("漢字 é\t1\n")
        print(f"{CLEAR_LINE}50 % \x1b[31m.mp4", end="", file=sys.stderr)
    out, err = capsys.readouterr()
    assert out == "漢字 é\t1\n\n"
    assert err == "\r\x1b[K50 % \\u001b[31m.mp4"


@pytest.mark.parametrize("command", ["evaluate", "run", "card"])
def test_a_name_with_an_escape_is_harmless_in_an_error(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path = tmp_path / "\x1b[2Jx.onnx"
    path.write_bytes(b"nothing")
    extra = ["--headless"] if command == "run" else []
    assert main([command, str(path), *extra]) == 2
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert err.startswith("pfld-live: ")
