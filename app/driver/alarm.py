"""When to call the driver, how urgently, and for how long to keep quiet.

Drowsiness and distraction begin as a notice and become a warning if they last; sleep begins as a
warning and becomes an alarm. What has ended lingers for a moment, so that a short sleep is not
missed. To acknowledge keeps everything quiet for a while, unless it gets worse; to mute silences
the sound alone, and ends by itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from app.core.quantity import Quantity
from app.driver.state import Condition

ALARM_QUANTITIES: Final[Mapping[str, Quantity]] = MappingProxyType(
    {
        "escalate_s": Quantity(
            name="Notice becomes warning",
            default=10.0,
            low=1.0,
            high=120.0,
            step=1.0,
            unit="s",
            help="A notice that lasts for so long becomes a warning.",
            source="own choice: time to react to a soft sound first",
        ),
        "loud_s": Quantity(
            name="Warning becomes alarm",
            default=2.0,
            low=0.0,
            high=30.0,
            step=0.5,
            unit="s",
            decimals=1,
            help="Eyes that stay shut for so much longer make the warning an alarm.",
            source="own choice: at 100 km/h the car has gone 55 m further",
        ),
        "linger_s": Quantity(
            name="Lasts at least",
            default=2.0,
            low=0.5,
            high=30.0,
            step=0.5,
            unit="s",
            decimals=1,
            help="The sign stays for so long after its reason has ended.",
            source="own choice: long enough to be seen and read",
        ),
        "again_s": Quantity(
            name="Acknowledged for",
            default=30.0,
            low=5.0,
            high=600.0,
            step=5.0,
            unit="s",
            help="What was acknowledged and still lasts calls again after this time.",
            source="own choice",
        ),
        "mute_s": Quantity(
            name="Mute for",
            default=60.0,
            low=5.0,
            high=600.0,
            step=5.0,
            unit="s",
            help="The sound comes back by itself after this time.",
            source="own choice",
        ),
    }
)
"""Each number of the alarm, declared once."""


def _default(name: str) -> float:
    return ALARM_QUANTITIES[name].default


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSettings:
    """One value per entry of `ALARM_QUANTITIES`, in its unit.

    Raises:
        PfldLiveError: a value is out of its range.
    """

    escalate_s: float = _default("escalate_s")
    loud_s: float = _default("loud_s")
    linger_s: float = _default("linger_s")
    again_s: float = _default("again_s")
    mute_s: float = _default("mute_s")

    def __post_init__(self) -> None:
        for name, quantity in ALARM_QUANTITIES.items():
            quantity.check(getattr(self, name))


class AlarmStage(IntEnum):
    """How urgent it is."""

    QUIET = 0
    NOTICE = 1
    WARNING = 2
    ALARM = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmState:
    """What to show and to sound.

    Attributes:
        stage: how urgent it is; quiet while it is acknowledged.
        condition: what it is about, None for nothing.
        reason: in words, "" for none.
        sound: whether it is to be heard.
        muted_s: how long the sound is still muted, 0 if it is not.
        acknowledged: it lasts, and the driver knows.
    """

    stage: AlarmStage = AlarmStage.QUIET
    condition: Condition | None = None
    reason: str = ""
    sound: bool = False
    muted_s: float = 0.0
    acknowledged: bool = False


_FIRST: Final = {
    Condition.DROWSY: AlarmStage.NOTICE,
    Condition.DISTRACTED: AlarmStage.NOTICE,
    Condition.ASLEEP: AlarmStage.WARNING,
}


class Alarm:
    """Follows the verdicts. Times are seconds of any clock that does not go back.

    Attributes:
        settings: may be replaced at any time.
    """

    def __init__(self, settings: AlarmSettings | None = None) -> None:
        self.settings = settings or AlarmSettings()
        self._seen: dict[AlarmStage, tuple[float, Condition, str]] = {}
        self._first = AlarmStage.QUIET
        self._since_s = 0.0
        self._acknowledged_s: float | None = None
        self._muted_until_s = -math.inf

    def add(self, condition: Condition, reason: str, now_s: float) -> None:
        """Take a verdict."""
        first = _FIRST.get(condition)
        if first is not None:
            self._seen[first] = (now_s, condition, reason)
        self._follow(now_s)

    def acknowledge(self, now_s: float) -> None:
        """The driver knows; nothing happens while there is nothing to know."""
        self._follow(now_s)
        if self._first:
            self._acknowledged_s = now_s

    def mute(self, now_s: float) -> None:
        """No sound for `mute_s` from now on."""
        self._muted_until_s = now_s + self.settings.mute_s

    def unmute(self) -> None:
        """Sound again."""
        self._muted_until_s = -math.inf

    def state(self, now_s: float) -> AlarmState:
        """How it stands."""
        self._follow(now_s)
        muted_s = max(self._muted_until_s - now_s, 0.0)
        if not self._first:
            return AlarmState(muted_s=muted_s)
        _, condition, reason = self._seen[self._first]
        if self._acknowledged_s is not None:
            return AlarmState(
                condition=condition, reason=reason, muted_s=muted_s, acknowledged=True
            )
        stage = self._stage()
        return AlarmState(
            stage=stage, condition=condition, reason=reason, sound=muted_s == 0, muted_s=muted_s
        )

    def _follow(self, now_s: float) -> None:
        """Notice what began, ended, or was acknowledged long ago."""
        lasting = (
            stage
            for stage, (seen_s, *_) in self._seen.items()
            if now_s - seen_s <= self.settings.linger_s
        )
        first = max(lasting, default=AlarmStage.QUIET)
        if first != self._first:
            if first > self._first or not first:
                self._acknowledged_s = None
            self._first, self._since_s = first, now_s
        again = self._acknowledged_s
        if again is not None and now_s - again >= self.settings.again_s:
            self._acknowledged_s = None

    def _stage(self) -> AlarmStage:
        """The first stage, or the next one where what it is about has lasted."""
        lasted_s = self._seen[self._first][0] - self._since_s
        notice = self._first is AlarmStage.NOTICE
        patience_s = self.settings.escalate_s if notice else self.settings.loud_s
        return AlarmStage(self._first + 1) if lasted_s >= patience_s else self._first
