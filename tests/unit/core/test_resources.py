import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.core import resources
from app.core.errors import PfldLiveError

FOLDERS = [
    resources.user_data_folder,
    resources.user_models_folder,
    resources.user_config_folder,
]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="XDG names folders on Linux")


@pytest.fixture(autouse=True)
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account without a home, as that of a service."""

    def unknown(_number: int) -> None:
        raise KeyError("uid not found")

    monkeypatch.setattr("pwd.getpwuid", unknown)
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("DATA", "MODELS", "CONFIG"):
        monkeypatch.delenv(f"PFLD_LIVE_{name}", raising=False)


def test_the_folders_of_the_desktop_are_enough_for_an_account_without_a_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert resources.user_data_folder() == tmp_path / "data" / "pfld-live"
    assert resources.user_models_folder() == tmp_path / "data" / "pfld-live" / "models"
    assert resources.user_config_folder() == tmp_path / "config" / "pfld-live"


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("value", [None, "", "here/below"])
def test_without_any_place_one_sentence_says_what_to_set(
    folder: Callable[[], Path], value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if value is not None:  # the specification knows absolute paths alone
        monkeypatch.setenv("XDG_DATA_HOME", value)
        monkeypatch.setenv("XDG_CONFIG_HOME", value)
    with pytest.raises(PfldLiveError, match=r"no home folder; name .* XDG_DATA_HOME"):
        folder()


def test_a_relative_name_is_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", "here")
    assert resources.user_data_folder() == tmp_path / ".local/share/pfld-live"
