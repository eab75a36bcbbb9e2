"""Clips for the commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gui.demo_cut import cut_demo


@pytest.fixture(scope="session")
def short_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first six frames of the demo clip, with their labels beside them."""
    return cut_demo(tmp_path_factory.mktemp("short") / "short.mp4", range(6))
