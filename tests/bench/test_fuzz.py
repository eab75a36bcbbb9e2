"""A small part of the damaged files of `tests.bench.fuzz`, and that faults are found."""

from pathlib import Path

import pytest

from app.core.errors import PfldLiveError
from tests.bench.fuzz import Format, fuzz, fuzz_media, make_formats


def test_damaged_files_of_every_format_are_read_or_refused(tmp_path: Path) -> None:
    reports = [
        fuzz(what, 5 if what.name == "onnx-run" else 150, 1) for what in make_formats(tmp_path)
    ]
    findings = [f"{report.name} {finding}" for report in reports for finding in report.findings]
    assert not findings, "\n".join(findings)
    assert sum(report.refused for report in reports) > 800
    assert sum(report.accepted for report in reports) > 80


def test_damaged_pictures_and_clips_crash_nothing(tmp_path: Path) -> None:
    report = fuzz_media(tmp_path, 18, 2)
    assert not report.findings, "\n".join(report.findings)
    assert report.accepted
    assert report.refused


def _raises(_: bytes) -> None:
    raise OverflowError("a bug")


def _loops(_: bytes) -> None:
    while True:
        pass


def _chats(_: bytes) -> None:
    raise PfldLiveError("no\nsentence")


@pytest.mark.parametrize("read", [_raises, _loops, _chats])
def test_a_reader_with_a_fault_is_found(read: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.bench.fuzz.LIMIT_S", 0.2)
    report = fuzz(Format("broken", (b"abc",), read), 2, 0)
    assert len(report.findings) == 2
