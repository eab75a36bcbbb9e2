"""Two programs and one output."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.claims import Claims, is_claimed
from app.core.errors import OutputError
from app.core.files import write_text

ROOT = Path(__file__).resolve().parents[3]
HOLD = """
import sys, time
from pathlib import Path
from app.core.claims import Claims
with Claims([Path(sys.argv[1])]):
    print("claimed", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other_program(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another program that writes `out.jsonl`."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "out.jsonl")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "claimed\n"
        yield running
        running.kill()


def test_the_second_program_is_refused_under_whatever_name(
    other_program: subprocess.Popen[str], tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    for path in (tmp_path / "out.jsonl", tmp_path / "link" / "out.jsonl"):
        with pytest.raises(OutputError, match="being written by another program"), Claims([path]):
            pass
        assert is_claimed(path)
    with Claims([tmp_path / "other.jsonl"]):
        pass


def test_nothing_is_written_into_what_another_program_writes(
    other_program: subprocess.Popen[str], tmp_path: Path
) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("theirs")
    with pytest.raises(OutputError, match="being written by another program"):
        write_text(path, "ours")
    assert path.read_text() == "theirs"


def test_what_a_killed_program_leaves_behind_blocks_nobody(
    other_program: subprocess.Popen[str], tmp_path: Path
) -> None:
    os.kill(other_program.pid, signal.SIGKILL)
    other_program.wait()
    path = tmp_path / "out.jsonl"
    assert list(tmp_path.iterdir()), "the lock should have been left behind"
    assert not is_claimed(path)
    with Claims([path]):
        assert is_claimed(path)
    assert not list(tmp_path.iterdir())


def test_one_program_may_claim_twice_and_holds_until_the_last_end(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with Claims([path]):
        write_text(path, "1")
        assert is_claimed(path)
    assert not is_claimed(path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_claim_of_several_is_whole_or_none(
    other_program: subprocess.Popen[str], tmp_path: Path
) -> None:
    free = tmp_path / "free.csv"
    with pytest.raises(OutputError), Claims([free, tmp_path / "out.jsonl"]):
        pass
    assert not is_claimed(free)


def test_devices_are_for_everybody() -> None:
    with Claims([Path(os.devnull)]), Claims([Path(os.devnull)]):
        assert not is_claimed(Path(os.devnull))
