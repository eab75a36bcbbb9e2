"""The alarm: stages, lingering, acknowledging, muting. All times are the test's own."""

from __future__ import annotations

import pytest

from app.core.errors import PfldLiveError
from app.driver.alarm import Alarm, AlarmSettings, AlarmStage
from app.driver.state import Condition

ALERT, ASLEEP, DROWSY = Condition.ALERT, Condition.ASLEEP, Condition.DROWSY


def hold(alarm: Alarm, condition: Condition, from_s: float, to_s: float) -> None:
    for tenth in range(round(10 * from_s), round(10 * to_s) + 1):
        alarm.add(condition, "why", tenth / 10)


def test_drowsiness_begins_as_a_notice_and_becomes_a_warning_but_no_alarm() -> None:
    alarm = Alarm()
    hold(alarm, ALERT, 0, 5)
    assert alarm.state(5).stage is AlarmStage.QUIET
    hold(alarm, DROWSY, 5, 14.9)
    assert alarm.state(14.9).stage is AlarmStage.NOTICE
    hold(alarm, DROWSY, 15, 200)
    state = alarm.state(200)
    assert state.stage is AlarmStage.WARNING
    assert (state.condition, state.reason, state.sound) == (DROWSY, "why", True)


def test_sleep_begins_as_a_warning_and_becomes_an_alarm() -> None:
    alarm = Alarm()
    hold(alarm, DROWSY, 0, 3)
    hold(alarm, ASLEEP, 3.1, 5)
    assert alarm.state(5).stage is AlarmStage.WARNING
    hold(alarm, ASLEEP, 5.1, 5.2)
    assert alarm.state(5.2).stage is AlarmStage.ALARM


def test_a_single_verdict_lingers_and_then_goes_by_itself() -> None:
    alarm = Alarm()
    alarm.add(ASLEEP, "", 10)
    assert alarm.state(12).stage is AlarmStage.WARNING
    assert alarm.state(12.1).stage is AlarmStage.QUIET


def test_waiting_alone_escalates_nothing() -> None:
    alarm = Alarm(AlarmSettings(linger_s=30))
    alarm.add(DROWSY, "", 0)
    assert alarm.state(25).stage is AlarmStage.NOTICE


def test_acknowledged_it_is_quiet_until_it_calls_again_or_gets_worse() -> None:
    alarm = Alarm()
    hold(alarm, DROWSY, 0, 12)
    alarm.acknowledge(12)
    state = alarm.state(12)
    assert (state.stage, state.acknowledged, state.sound) == (AlarmStage.QUIET, True, False)
    hold(alarm, DROWSY, 12, 41.9)
    assert alarm.state(41.9).acknowledged
    hold(alarm, DROWSY, 42, 42)
    assert alarm.state(42).stage is AlarmStage.WARNING
    alarm.acknowledge(42)
    hold(alarm, ASLEEP, 43, 43.5)
    assert alarm.state(43.5).stage is AlarmStage.WARNING


def test_to_acknowledge_nothing_changes_nothing() -> None:
    alarm = Alarm()
    alarm.acknowledge(0)
    alarm.add(ASLEEP, "", 1)
    assert alarm.state(1).stage is AlarmStage.WARNING


def test_mute_ends_by_itself_and_silences_the_sound_alone() -> None:
    alarm = Alarm()
    alarm.mute(0)
    hold(alarm, ASLEEP, 1, 59.9)
    state = alarm.state(59.9)
    assert (state.stage, state.sound) == (AlarmStage.ALARM, False)
    assert state.muted_s == pytest.approx(0.1)
    hold(alarm, ASLEEP, 60, 60)
    assert alarm.state(60).sound
    alarm.mute(60)
    alarm.unmute()
    assert alarm.state(60).sound


def test_a_time_out_of_its_range_is_refused() -> None:
    with pytest.raises(PfldLiveError, match="Mute for must lie between 5 and 600 s"):
        AlarmSettings(mute_s=0)
