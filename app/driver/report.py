"""A session as one HTML page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from typing import Final

import numpy as np
import numpy.typing as npt

from app.core.html import html_page, html_table, percent, plain
from app.core.svg import COLOURS, Plot, n, ticks
from app.driver.rules import DROWSY_LEVEL
from app.driver.session import COLUMNS, SessionLog, blink_statistics
from app.driver.settings import GROUPS, QUANTITIES
from app.driver.state import CLOSURES, Condition, DriverEvent, EventKind
from app.driver.summary import NOTE, SessionFacts

Numbers = npt.NDArray[np.float64]

_FILLS: Final = {
    Condition.ALERT: "#7fb685",
    Condition.DROWSY: "#e3a72f",
    Condition.ASLEEP: "#c8372d",
    Condition.DISTRACTED: "#8a63b8",
    Condition.UNKNOWN: "#cfd5dc",
}
_BLUE, _ORANGE = COLOURS[0], COLOURS[1]
_LIMIT: Final = "#8a929c"
_WIDTH: Final = 920.0
# More points than pixels say nothing more.
_MOST_POINTS: Final = 1600
_EVENTS_SHOWN: Final = 200


def render_session(log: SessionLog, facts: SessionFacts) -> str:
    """The page: verdicts over time, signals with their events, blinks, thresholds."""
    sections = [
        f"<h1>Driver state: {escape(facts.source)}</h1>",
        f"<p><b>{escape(NOTE)}</b></p>",
        f'<p class="faint">{escape(_how(log, facts))}</p>',
        *(f"<p>Note: {escape(problem)}</p>" for problem in facts.problems),
        _overview(log, facts),
    ]
    if log.duration_s > 0:
        sections += _timeline(log, facts)
    sections += _spans(log)
    sections += _events(log)
    sections += _blinks(log, facts)
    sections += _thresholds(facts)
    return html_page(f"Driver state: {facts.source}", sections)


def _how(log: SessionLog, facts: SessionFacts) -> str:
    rate = f", {(log.frames - 1) / log.duration_s:.1f} fps" if log.duration_s > 0 else ""
    words = [f"{_clock(log.duration_s)} in {log.frames} frames{rate}; model {facts.model}."]
    if facts.baseline is None:
        words.append("The eyes were never seen for long enough to learn what open is.")
    else:
        words.append(f"Open and shut eyes: {facts.baseline_source.value}.")
        if not facts.baseline.shut_seen:
            words.append("Shut eyes were not seen: the usual ratio to open ones is assumed.")
    return " ".join(words)


def _overview(log: SessionLog, facts: SessionFacts) -> str:
    time_s = dict.fromkeys(Condition, 0.0)
    for span in log.spans:
        time_s[span.condition] += span.duration_s
    whole = max(log.duration_s, 1e-9)
    rows = [
        [
            f'<span class="swatch" style="background:{_FILLS[condition]}"></span>{condition.value}',
            _clock(seconds),
            percent(seconds / whole, 0),
        ]
        for condition, seconds in time_s.items()
    ]
    share = facts.eye_time
    perclos = _column(log.rows, "perclos")
    counts = [
        ("PERCLOS (P80) of the session", percent(share.perclos, 1)),
        ("its highest over the minute before", percent(_highest(perclos), 1)),
        ("time in which the eyes are unknown", percent(share.unknown, 1)),
        ("blinks", str(len(log.of_kind(EventKind.BLINK)))),
        ("long closures, microsleeps among them", _closures(log)),
        ("yawns", str(len(log.of_kind(EventKind.YAWN)))),
        ("times the head nodded off", str(len(log.of_kind(EventKind.NOD_OFF)))),
        ("times turned away for long", str(len(log.of_kind(EventKind.TURNED_AWAY)))),
        ("highest drowsiness, 0 to 1", plain(_highest(_column(log.rows, "level")), 2)),
    ]
    return (
        '<div class="row" style="gap:60px;align-items:flex-start">'
        f"{html_table(['state', 'time', 'share'], rows)}"
        f"{html_table(['measure', ''], [[escape(a), escape(b)] for a, b in counts])}</div>"
    )


def _closures(log: SessionLog) -> str:
    closures = [event for event in log.events if event.kind in CLOSURES]
    return f"{len(closures)}, {sum(e.kind is EventKind.MICROSLEEP for e in closures)}"


def _timeline(log: SessionLog, facts: SessionFacts) -> list[str]:
    rows, settings = log.rows, facts.settings
    turned = settings.turn_deg
    return [
        "<h2>State and drowsiness</h2>",
        _legend((condition.value, fill) for condition, fill in _FILLS.items()),
        _levels(log, rows),
        "<h2>Eyes</h2>",
        "<p class='faint'>Opening relative to the person's own eyes: 0 shut, 1 open. Bars above: "
        "blinks (blue), long closures and microsleeps (orange). Gaps are unknown.</p>",
        _signal(
            log,
            rows,
            [("opening", _BLUE)],
            low=0.0,
            high=1.2,
            limits=[settings.shut_opening, settings.perclos_opening],
            marks=[({EventKind.BLINK}, _BLUE), (set(CLOSURES), _ORANGE)],
        ),
        "<h2>PERCLOS</h2>",
        f"<p class='faint'>Share of the known time of the last {settings.perclos_window_s:g} s in "
        f"which the eyes were shut by {100 * (1 - settings.perclos_opening):g} %. The line is the "
        "limit for drowsy.</p>",
        _signal(
            log,
            rows,
            [("perclos", _BLUE)],
            low=0.0,
            high=max(1.15 * _highest(_column(rows, "perclos"), 0.0), 0.2),
            limits=[settings.perclos_drowsy],
            percent_axis=True,
        ),
        "<h2>Mouth</h2>",
        "<p class='faint'>Gap of the inner lips over their width. Bars above: yawns.</p>",
        _signal(
            log,
            rows,
            [("mouth", _BLUE)],
            low=0.0,
            high=max(1.15 * _highest(_column(rows, "mouth"), 0.0), 0.6),
            limits=[settings.yawn_opening],
            marks=[({EventKind.YAWN}, _ORANGE)],
        ),
        "<h2>Head</h2>",
        "<p class='faint'>Degrees from the person's neutral. Yaw above 0 turns to the right edge "
        "of the picture, pitch above 0 looks up. Bars above: turns (blue), nods (orange).</p>",
        _legend([("yaw", _BLUE), ("pitch", _ORANGE)]),
        _signal(
            log,
            rows,
            [("yaw", _BLUE), ("pitch", _ORANGE)],
            low=-50.0,
            high=50.0,
            limits=[turned, -turned],
            marks=[
                ({EventKind.TURN, EventKind.TURNED_AWAY}, _BLUE),
                ({EventKind.NOD, EventKind.NOD_OFF}, _ORANGE),
            ],
        ),
    ]


def _levels(log: SessionLog, rows: Numbers) -> str:
    plot = Plot(log.duration_s, 1.0, _WIDTH, 190, bottom=44, top=34)
    plot.y_axis(percent=False)
    _time_axis(plot)
    for span in log.spans:
        end = span.start_s + span.duration_s
        words = f"{span.condition.value}, {_clock(span.start_s)} to {_clock(end)}"
        if span.reasons:
            words += ": " + "; ".join(span.reasons)
        _strip(plot, span.start_s, end, 8, 18, _FILLS[span.condition], words)
    plot.line([(0, DROWSY_LEVEL), (log.duration_s, DROWSY_LEVEL)], _LIMIT, 1)
    _curve(plot, _column(rows, "time_s"), _column(rows, "level"), "#1c2430")
    return plot.svg()


def _signal(
    log: SessionLog,
    rows: Numbers,
    curves: Sequence[tuple[str, str]],
    *,
    low: float,
    high: float,
    limits: Sequence[float],
    marks: Sequence[tuple[set[EventKind], str]] = (),
    percent_axis: bool = False,
) -> str:
    """Columns over time below bars for their events."""
    plot = Plot(log.duration_s, high, _WIDTH, 190, bottom=34, top=24 if marks else 14, y_low=low)
    plot.y_axis(percent=percent_axis)
    _time_axis(plot)
    for limit in limits:
        plot.line([(0, limit), (log.duration_s, limit)], _LIMIT, 1)
    for kinds, fill in marks:
        for event in log.of_kind(*kinds):
            _strip(plot, event.start_s, event.end_s, 6, 10, fill, _words(event))
    for name, stroke in curves:
        values = np.clip(_column(rows, name), low, high)
        _curve(plot, _column(rows, "time_s"), values, stroke)
    return plot.svg()


def _strip(
    plot: Plot, start_s: float, end_s: float, top: float, height: float, fill: str, words: str
) -> None:
    """A bar above the axes, wide enough to be seen."""
    left = plot.x(start_s)
    plot.parts.append(
        f'<rect x="{n(left)}" y="{n(top)}" width="{n(max(plot.x(end_s) - left, 1.5))}" '
        f'height="{n(height)}" fill="{fill}"><title>{escape(words)}</title></rect>'
    )


def _curve(plot: Plot, times: Numbers, values: Numbers, stroke: str) -> None:
    """A line with gaps where values are unknown; long ones keep their peaks."""
    times, values = _thinned(times, values)
    known = ~np.isnan(values)
    start = 0
    for value, run in groupby(known.tolist()):
        length = len(list(run))
        if value:
            part = slice(start, start + length)
            plot.line(zip(times[part].tolist(), values[part].tolist(), strict=True), stroke, 1.3)
        start += length


def _thinned(times: Numbers, values: Numbers) -> tuple[Numbers, Numbers]:
    """The lowest and the highest value of each of so many stretches."""
    if len(times) <= _MOST_POINTS:
        return times, values
    keep: list[int] = []
    for part in np.array_split(np.arange(len(times)), _MOST_POINTS // 2):
        known = part[~np.isnan(values[part])]
        if known.size:
            keep += {int(known[values[known].argmin()]), int(known[values[known].argmax()])}
        if known.size < part.size:
            keep.append(int(part[np.isnan(values[part])][0]))
    chosen = np.array(sorted(set(keep)))
    return times[chosen], values[chosen]


def _time_axis(plot: Plot) -> None:
    places = ticks(plot.x_high, 10)
    digits = 1 if len(places) > 1 and places[1] < 1 else 0
    plot.x_axis([(value, _clock(value, digits)) for value in places])


def _spans(log: SessionLog) -> list[str]:
    spans = [span for span in log.spans if span.condition is not Condition.ALERT]
    if not spans:
        return []
    rows = [
        [
            _clock(span.start_s, 2),
            f'<span class="swatch" style="background:{_FILLS[span.condition]}"></span>'
            f"{span.condition.value}",
            plain(span.duration_s, 2, " s"),
            escape("; ".join(span.reasons)),
        ]
        for span in spans[:_EVENTS_SHOWN]
    ]
    sections = ["<h2>When not alert</h2>"]
    sections.append(html_table(["at", "state", "for", "why"], rows, words=True))
    if len(spans) > _EVENTS_SHOWN:
        sections.append(
            f"<p class='faint'>{len(spans) - _EVENTS_SHOWN} more stand in the JSON.</p>"
        )
    return sections


def _events(log: SessionLog) -> list[str]:
    events = [event for event in log.events if event.kind is not EventKind.BLINK]
    if not events:
        return ["<h2>Events</h2>", "<p>Nothing but blinks happened.</p>"]
    rows = [
        [
            _clock(event.start_s, 2),
            event.kind.value,
            plain(event.duration_s, 2, " s"),
            escape(_detail(event)),
        ]
        for event in events[:_EVENTS_SHOWN]
    ]
    sections = ["<h2>Events</h2>", html_table(["at", "event", "for", ""], rows, words=True)]
    if len(events) > _EVENTS_SHOWN:
        left_out = len(events) - _EVENTS_SHOWN
        sections.append(f"<p class='faint'>{left_out} more stand in the CSV.</p>")
    return sections


def _detail(event: DriverEvent) -> str:
    words = []
    if event.kind in (EventKind.NOD, EventKind.NOD_OFF):
        words.append(f"{abs(event.size):.0f}° {'up' if event.size > 0 else 'down'}")
    if event.kind is EventKind.TURN:
        words.append(f"{abs(event.size):.0f}° to the {'right' if event.size > 0 else 'left'} edge")
    if event.kind is EventKind.YAWN:
        words.append(f"opened to {event.size:.2f}")
    if not event.complete:
        words.append("beginning or end not seen")
    return ", ".join(words)


def _blinks(log: SessionLog, facts: SessionFacts) -> list[str]:
    blinks = log.of_kind(EventKind.BLINK)
    sums = blink_statistics(blinks, facts.eye_time.known_s)
    rows = [
        ("blinks", str(sums.count)),
        ("per minute of known time", plain(sums.per_minute, 1)),
        ("mean duration", plain(sums.mean_s, 3, " s")),
        ("median duration", plain(sums.median_s, 3, " s")),
        ("longest", plain(sums.longest_s, 3, " s")),
        ("mean time to close (80 % to 20 % of the way)", plain(sums.closing_s, 3, " s")),
        ("mean time to reopen (20 % to 80 %)", plain(sums.reopening_s, 3, " s")),
    ]
    table = html_table(["measure", ""], [[escape(a), escape(b)] for a, b in rows])
    sections = ["<h2>Blinks</h2>"]
    refused = sums.count - sums.timed
    if refused:
        sections.append(
            f"<p>The times of {refused} of {sums.count} blinks are refused: the frames around "
            f"them came at less than {facts.settings.blink_min_fps:g} fps. They are counted where "
            "a frame shows them; between two frames a short blink can pass unseen.</p>"
        )
    chart = _histogram([event.duration_s for event in blinks]) if sums.timed else ""
    sections.append(
        f'<div class="row" style="gap:40px;align-items:flex-start">{table}'
        f'<div style="flex:1;min-width:320px">{chart}</div></div>'
    )
    return sections


def _histogram(durations: Sequence[float]) -> str:
    known = [value for value in durations if not math.isnan(value)]
    counts, edges = np.histogram(known, bins=20, range=(0.0, 0.5))
    plot = Plot(0.5, max(float(counts.max()) * 1.1, 4.0), 460, 230, "duration in s", "blinks")
    plot.y_axis(percent=False)
    for count, left, right in zip(counts.tolist(), edges[:-1], edges[1:], strict=True):
        if count:
            words = f"{count} from {left:.3f} to {right:.3f} s"
            plot.rect(float(left), float(right) - 0.002, 0, count, _BLUE, words)
    plot.x_axis([(value, f"{value:g}") for value in ticks(0.5, 5)])
    return plot.svg()


def _thresholds(facts: SessionFacts) -> list[str]:
    values = facts.settings.as_dict()
    rows = []
    for group, names in GROUPS.items():
        for name in names:
            quantity = QUANTITIES[name]
            unit = quantity.unit if quantity.unit in ("", "°") else f" {quantity.unit}"
            shown = f"{values[name]:.{quantity.decimals}f}{unit}"
            changed = "" if values[name] == quantity.default else " (changed)"
            rows.append(
                [
                    escape(f"{group}: {quantity.name}"),
                    escape(shown + changed),
                    f"{escape(quantity.help)} <span class='faint'>Default {quantity.default:g}: "
                    f"{escape(quantity.source)}.</span>",
                ]
            )
    table = html_table(["threshold", "value", "meaning and source"], rows, words=True)
    return ["<h2>Rules</h2>", f"<details><summary>All thresholds</summary>{table}</details>"]


def _legend(items: Iterable[tuple[str, str]]) -> str:
    shown = "".join(
        f'<span class="item"><span class="swatch" style="background:{fill}"></span>{name}</span>'
        for name, fill in items
    )
    return f'<p class="legend">{shown}</p>'


def _words(event: DriverEvent) -> str:
    length = f" for {event.duration_s:.2f} s" if not math.isnan(event.duration_s) else ""
    return f"{event.kind.value} at {_clock(event.start_s, 2)}{length}"


def _column(rows: Numbers, name: str) -> Numbers:
    return rows[:, COLUMNS.index(name)]


def _highest(values: Numbers, otherwise: float = math.nan) -> float:
    known = values[~np.isnan(values)]
    return float(known.max()) if known.size else otherwise


def _clock(seconds: float, digits: int = 0) -> str:
    """Minutes and seconds, such as 1:05."""
    rounded = round(seconds, digits)
    minutes, rest = divmod(rounded, 60)
    width = 3 + digits if digits else 2
    return f"{int(minutes)}:{rest:0{width}.{digits}f}"
