"""What a session leaves behind: rows, spans, JSON, CSV, HTML."""

import csv
import html.parser
import io
import json
import math

import pytest

from app.driver.report import render_session
from app.driver.session import COLUMNS, SessionLog, blink_statistics, merged
from app.driver.settings import QUANTITIES, DriverSettings
from app.driver.state import BaselineSource, Condition, DriverEvent, EventKind
from app.driver.summary import (
    EVENT_COLUMNS,
    NOTE,
    SessionFacts,
    events_csv,
    session_summary,
    state_record,
    timeline_csv,
)
from tests.unit.driver.synthetic import (
    BASELINE,
    Person,
    absent,
    blink,
    seen,
    swing,
    times,
    total,
    watch,
)

PERSON = Person(
    shut=total([blink(1.0), blink(2.0, 0.3), swing(5.0, 1.5, rise=0.1, fall=0.1)]),
    yaw=swing(8.0, 3.5, rise=0.5, fall=0.5, size=-40.0),
    pitch=swing(3.0, 0.8, rise=0.4, fall=0.4, size=15.0),
    mouth=lambda t: 0.05 + swing(13.0, 3.0, rise=0.6, fall=0.6, size=0.6)(t),
)


def session(fps: float = 15, **changes: object) -> tuple[SessionLog, SessionFacts]:
    measures = [absent(m) if 18 <= m.time_s < 20 else m for m in seen(PERSON, times(22, fps))]
    log, monitor, _ = watch(measures)
    facts = {
        "source": "<clip> & co.mp4",
        "model": "some model",
        "eye_time": monitor.eye_time,
        "settings": DriverSettings(),
        "baseline": BASELINE,
        "baseline_source": BaselineSource.PROFILE,
    }
    return log, SessionFacts(**(facts | changes))


@pytest.fixture(scope="module")
def kept() -> tuple[SessionLog, SessionFacts]:
    return session()


def test_the_json_has_every_event_with_start_and_duration(
    kept: tuple[SessionLog, SessionFacts],
) -> None:
    summary = json.loads(json.dumps(session_summary(*kept), allow_nan=False))
    found = {name: len(summary[name]) for name in ("blinks", "closures", "yawns", "nods", "turns")}
    assert found == {"blinks": 2, "closures": 1, "yawns": 1, "nods": 1, "turns": 1}
    for name in found:
        assert all(entry["start_s"] >= 0 and entry["duration_s"] > 0 for entry in summary[name])
    assert summary["closures"][0]["microsleep"] is True
    assert summary["turns"][0]["yaw"] == pytest.approx(-40, abs=1)
    assert summary["nods"][0] | {"nodding_off": False} == summary["nods"][0]
    assert len(summary["turned_away"]) == 1
    assert summary["face_lost"][0]["duration_s"] == pytest.approx(2.0, abs=0.1)
    assert summary["unknown_share"] == pytest.approx(2 / 22, abs=0.01)
    assert 0.05 < summary["perclos"] < 0.12
    assert summary["note"] == NOTE
    assert "not a safety device" in NOTE


def test_the_states_are_spans_without_gaps(kept: tuple[SessionLog, SessionFacts]) -> None:
    states = session_summary(*kept)["states"]
    assert {entry["state"] for entry in states} == {c.value for c in Condition}
    end = 0.0
    for entry in states:
        assert entry["start_s"] == pytest.approx(end, abs=1e-3)
        assert entry["reasons"] or entry["state"] == "alert"
        end = entry["start_s"] + entry["duration_s"]
    assert end == pytest.approx(kept[0].duration_s, abs=1e-3)


def test_what_is_unknown_is_null_and_never_nan() -> None:
    log = SessionLog()
    facts = session(eye_time=watch([])[1].eye_time, baseline=None)[1]
    summary = json.loads(json.dumps(session_summary(log, facts), allow_nan=False))
    assert summary["perclos"] is None
    assert summary["baseline"] is None
    assert summary["states"] == []


def test_refused_blink_durations_are_null_and_counted() -> None:
    summary = session_summary(*session(fps=10))
    assert [entry["duration_s"] for entry in summary["blinks"]] == [None, None]
    assert summary["blink_times_refused"] == 2
    assert summary["blink_statistics"]["mean_s"] is None


def test_the_timeline_has_a_row_per_frame_with_empty_cells_for_the_unknown(
    kept: tuple[SessionLog, SessionFacts],
) -> None:
    rows = list(csv.DictReader(io.StringIO(timeline_csv(kept[0]))))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == kept[0].frames == 330
    assert [float(row["time_s"]) for row in rows] == pytest.approx(times(22, 15), abs=1e-3)
    gone = [row for row in rows if 18 <= float(row["time_s"]) < 20]
    assert all(row["opening"] == row["face"] == "" for row in gone)
    assert {row["condition"] for row in gone} == {"unknown"}
    assert rows[-1]["condition"] == "drowsy"


def test_the_events_have_a_row_each(kept: tuple[SessionLog, SessionFacts]) -> None:
    rows = list(csv.DictReader(io.StringIO(events_csv(kept[0]))))
    assert tuple(rows[0]) == EVENT_COLUMNS
    assert [row["event"] for row in rows] == [event.kind.value for event in kept[0].events]
    assert all(float(row["duration_s"]) > 0 for row in rows)


def test_a_live_log_may_keep_fewer_rows_and_all_events() -> None:
    log = SessionLog(every_s=0.1)
    _, _, states = watch(seen(PERSON, times(12, 30)))
    for state in states:
        log.add(state)
    steps = log.rows[1:, 0] - log.rows[:-1, 0]
    assert 115 <= len(log.rows) <= 121
    assert steps.min() > 0.09
    assert log.frames == 360
    assert len(log.of_kind(EventKind.BLINK)) == 2


class _Page(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br", "rect", "line", "polyline", "circle", "img"):
            self.open.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data + " "


def test_the_report_is_one_page_that_needs_nothing_else(
    kept: tuple[SessionLog, SessionFacts],
) -> None:
    text = render_session(*kept)
    page = _Page()
    page.feed(text)
    assert page.links == []
    assert "<script" not in text
    assert "nan" not in text.replace("nano", "").lower()
    assert text.count("<svg") == text.count("</svg>") == 6
    assert NOTE in page.text
    assert "<clip> & co.mp4" in page.text
    assert "<clip>" not in text
    for words in ("microsleep", "yawn", "nod", "turned away", "face lost", "PERCLOS", "Blinks"):
        assert words in page.text
    for quantity in QUANTITIES.values():
        assert quantity.source in page.text


def test_the_report_of_nothing_says_so() -> None:
    log = SessionLog()
    facts = session(
        eye_time=watch([])[1].eye_time, baseline=None, problems=("No face was found.",)
    )[1]
    text = render_session(log, facts)
    assert "No face was found." in text
    assert "never seen" in text


def test_the_axis_of_a_short_clip_shows_parts_of_a_second() -> None:
    log, monitor, _ = watch(seen(PERSON, times(4, 15)))
    text = render_session(log, session(eye_time=monitor.eye_time)[1])
    assert ">0:00.5<" in text
    assert ">0:05<" in render_session(*session())


def test_the_report_of_a_long_session_stays_small() -> None:
    log, monitor, _ = watch(seen(PERSON, times(600, 10)))
    facts = session(eye_time=monitor.eye_time)[1]
    assert len(render_session(log, facts)) < 400_000


def test_reasons_are_kept_once_with_their_latest_numbers() -> None:
    reasons = merged(("PERCLOS 12 %", "1 microsleep in the last minute"), ["PERCLOS 19 %"])
    assert reasons == ("PERCLOS 19 %", "1 microsleep in the last minute")
    assert merged(reasons, ["2 microsleeps in the last minute"])[1].startswith("2 ")


def test_a_state_is_ready_for_a_line_of_json() -> None:
    _, _, states = watch([absent(m) if m.time_s > 7 else m for m in seen(PERSON, times(8, 30))])
    records = [state_record(state) for state in states]
    lines = [json.dumps(record, allow_nan=False) for record in records]
    assert max(len(line) for line in lines) < 1500
    asleep = next(record for record in records if record["condition"] == "asleep")
    assert asleep["reasons"][0].startswith("Eyes shut")
    assert asleep["shut_s"] == pytest.approx(1.0, abs=0.05)
    assert asleep["face"] == 1
    told = [event for record in records for event in record["events"]]
    assert [event["event"] for event in told if event["ongoing"]] == ["long closure", "microsleep"]
    gone = records[-1]
    assert (gone["condition"], gone["face"], gone["opening"]) == ("unknown", None, None)


def test_blink_statistics_leave_out_what_was_refused() -> None:
    def a_blink(duration_s: float, closing_s: float = math.nan) -> DriverEvent:
        return DriverEvent(
            id=1, kind=EventKind.BLINK, start_s=0, duration_s=duration_s, closing_s=closing_s
        )

    sums = blink_statistics([a_blink(0.1, 0.05), a_blink(0.3), a_blink(math.nan)], known_s=30)
    assert (sums.count, sums.timed) == (3, 2)
    assert sums.per_minute == pytest.approx(6.0)
    assert (sums.mean_s, sums.longest_s) == pytest.approx((0.2, 0.3))
    assert sums.closing_s == pytest.approx(0.05)
    assert math.isnan(sums.reopening_s)
