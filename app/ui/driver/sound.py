"""What is heard of the alarm. Without a sound device nothing is, which is no error."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, QUrl

from app.core.resources import asset
from app.driver.alarm import AlarmStage
from app.ui.multimedia import silence_libraries, without_sound_server

if TYPE_CHECKING:
    from PySide6.QtMultimedia import QSoundEffect

_VOLUME: Final[Mapping[AlarmStage, float]] = MappingProxyType(
    {AlarmStage.NOTICE: 0.3, AlarmStage.WARNING: 0.6, AlarmStage.ALARM: 1.0}
)
_EVERY_MS: Final[Mapping[AlarmStage, int]] = MappingProxyType(
    {AlarmStage.NOTICE: 4000, AlarmStage.WARNING: 1500, AlarmStage.ALARM: 600}
)


class AlarmSound(QObject):
    """Repeats the sound, louder and faster from stage to stage.

    Attributes:
        stage: what is to be heard now.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.stage = AlarmStage.QUIET
        self.chimes = 0
        self._effects: dict[str, QSoundEffect] = {}
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._sound)

    def prepare(self) -> None:
        """Load the sounds, which goes on in the background."""
        silence_libraries()
        from PySide6.QtMultimedia import QMediaDevices, QSoundEffect

        with without_sound_server():
            silent = QMediaDevices.defaultAudioOutput().isNull()
        if self._effects or silent:
            return
        for name in ("alarm", "done"):
            effect = QSoundEffect(self)
            effect.setSource(QUrl.fromLocalFile(str(asset(f"{name}.wav"))))
            self._effects[name] = effect

    @property
    def available(self) -> bool:
        """Whether anything can be heard."""
        return bool(self._effects)

    def say(self, stage: AlarmStage) -> None:
        """Sound as this stage does from now on."""
        if stage == self.stage:
            return
        self.stage = stage
        if stage:
            self._timer.start(_EVERY_MS[stage])
            self._sound()
        else:
            self._timer.stop()

    def chime(self) -> None:
        """Say once that something is done, to somebody whose eyes are shut."""
        self.chimes += 1
        self._play("done", 0.7)

    def try_out(self) -> None:
        """Play the alarm once."""
        self._play("alarm", _VOLUME[AlarmStage.WARNING])

    def _sound(self) -> None:
        self._play("alarm", _VOLUME[self.stage])

    def _play(self, name: str, volume: float) -> None:
        effect = self._effects.get(name)
        if effect is not None:
            effect.setVolume(volume)
            effect.play()
