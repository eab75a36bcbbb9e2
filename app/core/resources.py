"""Where the files lie that come with the program, and those that the user adds."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from app.core.errors import PfldLiveError

_PACKAGE = Path(__file__).resolve().parent.parent


def _bundled(room: str) -> Path:
    installed = _PACKAGE / "_bundled" / room
    return installed if installed.is_dir() else _PACKAGE.parent / room


def models_folder() -> Path:
    """Folder of the models that come with the program."""
    return _bundled("models")


def asset(name: str) -> Path:
    """Path of a file of `assets/`."""
    return _bundled("assets") / name


def home() -> Path:
    """The user's own folder.

    Raises:
        PfldLiveError: the account has none, as that of a service or in a container.
    """
    try:
        return Path.home()
    except RuntimeError as error:
        raise PfldLiveError(
            "This account has no home folder; name a folder for what the program keeps with HOME, "
            "or with XDG_DATA_HOME and XDG_CONFIG_HOME."
        ) from error


def _named(variable: str) -> Path | None:
    """The folder that the desktop names; a relative path is no name, says the XDG specification."""
    folder = Path(os.environ.get(variable, ""))
    return folder if folder.is_absolute() else None


def user_data_folder() -> Path:
    """Folder for what the program keeps for its user; it need not exist.

    The environment variable `PFLD_LIVE_DATA` names another one.

    Raises:
        PfldLiveError: the account has no home folder, and nothing else is named.
    """
    if chosen := os.environ.get("PFLD_LIVE_DATA"):
        return Path(chosen)
    if sys.platform == "win32":
        root = _named("LOCALAPPDATA") or home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        root = home() / "Library" / "Application Support"
    else:
        root = _named("XDG_DATA_HOME") or home() / ".local" / "share"
    return root / "pfld-live"


def user_cache_folder() -> Path:
    """Folder for what can be found anew; it need not exist.

    The environment variable `PFLD_LIVE_CACHE` names another one.
    """
    if chosen := os.environ.get("PFLD_LIVE_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        root = Path(local) if local else Path.home() / "AppData" / "Local"
        return root / "pfld-live" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "pfld-live"
    chosen = os.environ.get("XDG_CACHE_HOME")
    return (Path(chosen) if chosen else Path.home() / ".cache") / "pfld-live"


def user_models_folder() -> Path:
    """Folder for the user's own models; it need not exist.

    The environment variable `PFLD_LIVE_MODELS` names another one.

    Raises:
        PfldLiveError: the account has no home folder, and nothing else is named.
    """
    if chosen := os.environ.get("PFLD_LIVE_MODELS"):
        return Path(chosen)
    return user_data_folder() / "models"


def user_config_folder() -> Path:
    """Folder for what the user sets up and names; it need not exist.

    The environment variable `PFLD_LIVE_CONFIG` names another one.

    Raises:
        PfldLiveError: the account has no home folder, and nothing else is named.
    """
    if chosen := os.environ.get("PFLD_LIVE_CONFIG"):
        return Path(chosen)
    if sys.platform == "win32":
        root = _named("APPDATA") or home() / "AppData" / "Roaming"
    elif sys.platform == "darwin":
        root = home() / "Library" / "Application Support"
    else:
        root = _named("XDG_CONFIG_HOME") or home() / ".config"
    return root / "pfld-live"
