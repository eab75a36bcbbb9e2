from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.comma_locale import comma_environment

ROOT = Path(__file__).resolve().parents[3]

CODE = """
import locale
from app.core.c_numbers import use_c_numbers
locale.setlocale(locale.LC_ALL, "")
print(locale.localeconv()["decimal_point"], end=" ")
use_c_numbers()
print(locale.localeconv()["decimal_point"], locale.setlocale(locale.LC_TIME))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="locales are built as glibc reads them")
@pytest.mark.parametrize("language", ["de_DE", "fr_FR"])
def test_a_decimal_comma_of_the_desktop_becomes_a_point_and_nothing_else_changes(
    language: str,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=ROOT,
        env=comma_environment(LC_ALL=f"{language}.UTF-8"),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == [",", ".", f"{language}.UTF-8"]
