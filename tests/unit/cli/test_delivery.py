"""Results are printed first, and no failure takes more with it than itself."""

from pathlib import Path
from typing import NoReturn

import pytest

from app.cli.delivery import Delivery, deliver
from app.cli.main import main
from app.core.errors import OutputError
from app.core.resources import asset

DEMO = str(asset("demo.mp4"))


def test_one_file_that_fails_takes_neither_the_results_nor_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(path: Path) -> NoReturn:
        raise OutputError(f"{path.name} cannot be written.")

    good = tmp_path / "good.csv"
    with pytest.raises(OutputError, match=r"bad\.html cannot be written"):
        deliver(
            "the table",
            (
                Delivery("report", tmp_path / "bad.html", fail),
                Delivery("rows", good, lambda path: path.write_text("rows") and None),
                Delivery("summary", None, fail),
            ),
        )
    assert good.read_text() == "rows"
    assert capsys.readouterr().out == f"the table\nrows: {good}\n"


def test_a_reader_that_goes_away_costs_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody_reads(*_: object, **__: object) -> NoReturn:
        raise BrokenPipeError

    monkeypatch.setattr("builtins.print", nobody_reads)
    good = tmp_path / "good.csv"
    with pytest.raises(BrokenPipeError):
        deliver("table", (Delivery("rows", good, lambda path: path.write_text("rows") and None),))
    assert good.read_text() == "rows"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["run", DEMO, "--headless", "--json", "{full}", "--snapshot", "{other}.png"], "a face"),
        (["drowsiness", DEMO, "--report", "{full}", "--events", "{other}.png"], "PERCLOS"),
    ],
)
def test_a_full_disk_at_the_end_of_a_command_costs_one_file(
    command: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    full, other = tmp_path / "full", tmp_path / "other"
    full.symlink_to("/dev/full")
    filled = [part.format(full=full, other=other) for part in command]
    assert main([*filled, "--seconds", "0.2", "--detector", "haar"]) == 2
    printed = capsys.readouterr()
    assert said in printed.out
    assert "no more room for full" in printed.err
    assert (tmp_path / "other.png").stat().st_size > 50
