"""The verdict and its reasons."""

import math

import pytest

from app.driver.rules import DROWSY_LEVEL, Evidence, judge
from app.driver.settings import DriverSettings
from app.driver.state import Condition

SETTINGS = DriverSettings()


def test_without_signs_the_driver_is_alert() -> None:
    verdict = judge(Evidence(), SETTINGS)
    assert (verdict.condition, verdict.level, verdict.reasons) == (Condition.ALERT, 0.0, ())


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (Evidence(perclos=0.12), "PERCLOS 12 %"),
        (Evidence(blink_duration_s=0.4), "Blinks of 0.40 s"),
        (Evidence(microsleeps=1), "1 microsleep in the last minute"),
        (Evidence(closures=2), "2 long closures in the last minute"),
        (Evidence(nod_offs=1), "Head nodded off 1 time in the last minute"),
        (Evidence(yawns=3), "3 yawns in 10 min"),
    ],
)
def test_each_sign_alone_makes_drowsy_at_its_limit(evidence: Evidence, words: str) -> None:
    verdict = judge(evidence, SETTINGS)
    assert verdict.condition is Condition.DROWSY
    assert verdict.level == pytest.approx(DROWSY_LEVEL)
    assert verdict.reasons == (words,)


def test_several_signs_on_the_way_make_drowsy_together() -> None:
    half_way = Evidence(perclos=0.07, yawns=2)
    verdict = judge(half_way, SETTINGS)
    assert verdict.condition is Condition.DROWSY
    assert verdict.reasons == ("2 yawns in 10 min", "PERCLOS 7 %")
    assert judge(Evidence(perclos=0.07), SETTINGS).condition is Condition.ALERT
    assert judge(Evidence(yawns=2), SETTINGS).condition is Condition.ALERT


def test_the_level_grows_with_every_sign_and_stays_below_one() -> None:
    levels = [judge(Evidence(perclos=p / 100, yawns=1), SETTINGS).level for p in range(0, 60, 3)]
    assert levels == sorted(levels)
    assert 0 < levels[0] < levels[-1] <= 1


def test_usual_blinks_are_no_sign() -> None:
    assert judge(Evidence(blink_duration_s=0.25), SETTINGS).level == 0.0
    assert judge(Evidence(blink_duration_s=math.nan), SETTINGS).level == 0.0


def test_shut_eyes_are_asleep_whatever_else_holds() -> None:
    verdict = judge(Evidence(shut_s=1.2, away_s=9.0, microsleeps=1), SETTINGS)
    assert (verdict.condition, verdict.level) == (Condition.ASLEEP, 1.0)
    assert verdict.reasons[0] == "Eyes shut for 1.2 s"


def test_turned_away_for_long_is_distracted_also_where_the_eyes_are_hidden() -> None:
    verdict = judge(Evidence(away_s=3.0, eyes_known=False, shut_s=math.nan), SETTINGS)
    assert verdict.condition is Condition.DISTRACTED
    assert verdict.reasons == ("Turned away for 3.0 s",)


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (Evidence(lost_s=2.0, head_known=False, eyes_known=False), "No face for 2.0 s"),
        (Evidence(learning=True, head_known=False), "Learning what"),
        (Evidence(learning=True, head_known=False, eyes_known=False), "The eyes cannot be"),
        (Evidence(eyes_known=False), "The eyes cannot be read"),
    ],
)
def test_what_cannot_be_seen_is_unknown_and_says_why(evidence: Evidence, words: str) -> None:
    verdict = judge(evidence, SETTINGS)
    assert verdict.condition is Condition.UNKNOWN
    assert verdict.reasons[0].startswith(words)


def test_the_limits_are_those_of_the_settings() -> None:
    strict = DriverSettings(perclos_drowsy=0.05, microsleep_s=2.0, away_s=1.0)
    assert judge(Evidence(perclos=0.05), strict).condition is Condition.DROWSY
    assert judge(Evidence(shut_s=1.5), strict).condition is Condition.ALERT
    assert judge(Evidence(away_s=1.0), strict).condition is Condition.DISTRACTED
