"""Every threshold of the driver room, declared once with unit, range and source.

The sources are those of the field study: Soukupova and Cech 2016 (eye aspect ratio), Wierwille 1994
and the FHWA brief of 1998 (PERCLOS), Stern 1984, Caffier 2003 and Cori 2019 (blinks). "Own choice"
means that no publication fixes the number, and says what it was weighed against.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import Any, Final, Self

from app.core.errors import PfldLiveError
from app.core.quantity import Quantity
from app.core.untrusted import shortened

QUANTITIES: Final[Mapping[str, Quantity]] = MappingProxyType(
    {
        "shut_opening": Quantity(
            name="Shut below",
            default=0.5,
            low=0.2,
            high=0.8,
            step=0.05,
            unit="",
            decimals=2,
            help="An eye counts as shut in a blink or closure while it is open by less than this "
            "share of its own range.",
            source="half way, where a lid moves fastest and the choice matters least",
        ),
        "blink_opening": Quantity(
            name="Blink reaches",
            default=0.4,
            low=0.05,
            high=0.8,
            step=0.05,
            unit="",
            decimals=2,
            help="A blink brings the opening down to this share or lower; what stays above it is "
            "taken for jitter.",
            source="own choice: clearly below half, above P80 for short blinks between two frames",
        ),
        "blink_min_s": Quantity(
            name="Blink at least",
            default=0.05,
            low=0.0,
            high=0.2,
            step=0.01,
            unit="s",
            decimals=2,
            help="Shorter dips of the opening are taken for jitter.",
            source="half of the shortest blink, 0.1 s (Stern 1984), as its time below half",
        ),
        "blink_min_fps": Quantity(
            name="Blink times from",
            default=15.0,
            low=5.0,
            high=60.0,
            step=1.0,
            unit="fps",
            help="With fewer frames a second blinks are counted, but their times are refused.",
            source="a blink of 0.1 s is one or two frames at 15 fps",
        ),
        "long_closure_s": Quantity(
            name="Long closure",
            default=0.5,
            low=0.3,
            high=2.0,
            step=0.05,
            unit="s",
            decimals=2,
            help="Eyes shut for at least this long are a closure and no blink.",
            source="blinks end by 0.5 s (Stern 1984); PMC4015796",
        ),
        "microsleep_s": Quantity(
            name="Microsleep",
            default=1.0,
            low=0.5,
            high=5.0,
            step=0.1,
            unit="s",
            decimals=1,
            help="Eyes shut for at least this long are a microsleep.",
            source="1 s (VSS 2012 road study)",
        ),
        "far_eye_yaw_deg": Quantity(
            name="Far eye up to",
            default=30.0,
            low=10.0,
            high=60.0,
            step=1.0,
            unit="°",
            help="With the head turned further, only the near eye counts.",
            source="quarter view, where the class profile of PFLD begins",
        ),
        "eyes_yaw_deg": Quantity(
            name="Eyes up to yaw",
            default=45.0,
            low=10.0,
            high=80.0,
            step=1.0,
            unit="°",
            help="With the head turned further, the eyes are unknown.",
            source="own choice: the far eye is hidden and landmarks of profiles are guesses",
        ),
        "eyes_pitch_deg": Quantity(
            name="Eyes up to pitch",
            default=35.0,
            low=10.0,
            high=60.0,
            step=1.0,
            unit="°",
            help="With the head bowed or raised further, the eyes are unknown.",
            source="own choice: lids are seen edge-on beyond it",
        ),
        "eyes_trust": Quantity(
            name="Eyes trusted from",
            default=0.6,
            low=0.0,
            high=1.0,
            step=0.05,
            unit="",
            decimals=2,
            help="Eyes of a face that is trusted less are unknown.",
            source="own choice: a little above the trust that a face is shown with",
        ),
        "eyes_distance_px": Quantity(
            name="Eyes apart by",
            default=24.0,
            low=8.0,
            high=200.0,
            step=1.0,
            unit="px",
            help="Eyes of a face whose outer eye corners lie closer are unknown.",
            source="own choice: an open eye is then 8 pixels wide and 2 or 3 high",
        ),
        "longest_gap_s": Quantity(
            name="Gap at most",
            default=0.35,
            low=0.05,
            high=1.0,
            step=0.05,
            unit="s",
            decimals=2,
            help="Between two measurements further apart nothing is known.",
            source="own choice: three frames at 10 fps, shorter than a long closure",
        ),
        "perclos_opening": Quantity(
            name="PERCLOS below",
            default=0.2,
            low=0.1,
            high=0.5,
            step=0.05,
            unit="",
            decimals=2,
            help="PERCLOS is the share of time in which the eyes are open by less than this.",
            source="P80: shut by 80 % (Wierwille 1994, FHWA 1998)",
        ),
        "lid_stroke_s": Quantity(
            name="Lid takes",
            default=0.06,
            low=0.02,
            high=0.3,
            step=0.01,
            unit="s",
            decimals=2,
            help="Time of a lid for its whole way at its highest speed; it tells PERCLOS what "
            "happened between two frames that are further apart.",
            source="a lid takes about 0.1 s each way (Stern 1984); half way it is nearly twice as "
            "fast as in the mean",
        ),
        "perclos_window_s": Quantity(
            name="PERCLOS over",
            default=60.0,
            low=10.0,
            high=300.0,
            step=10.0,
            unit="s",
            help="Length of the window that PERCLOS looks back on.",
            source="one minute (FHWA 1998)",
        ),
        "perclos_known_s": Quantity(
            name="PERCLOS from",
            default=30.0,
            low=5.0,
            high=300.0,
            step=5.0,
            unit="s",
            help="PERCLOS counts for drowsiness once so much of the window is known.",
            source="own choice: half of the window",
        ),
        "perclos_drowsy": Quantity(
            name="PERCLOS drowsy",
            default=0.12,
            low=0.02,
            high=0.6,
            step=0.01,
            unit="",
            decimals=2,
            help="From this share of shut time on, the driver counts as drowsy.",
            source="12.2 % at the end of drives, 6.1 % at their start (VSS 2012 road study)",
        ),
        "blink_drowsy_s": Quantity(
            name="Blinks drowsy",
            default=0.4,
            low=0.15,
            high=0.5,
            step=0.01,
            unit="s",
            decimals=2,
            help="From this mean blink duration over the last minute on, the driver counts as "
            "drowsy.",
            source="the end of the typical range, 0.1 to 0.4 s (Stern 1984); Caffier 2003",
        ),
        "closures_drowsy": Quantity(
            name="Closures drowsy",
            default=2.0,
            low=1.0,
            high=10.0,
            step=1.0,
            unit="/min",
            help="So many long closures within a minute count as drowsy.",
            source="own choice: one may be a pause, two are a pattern",
        ),
        "microsleeps_drowsy": Quantity(
            name="Microsleeps drowsy",
            default=1.0,
            low=1.0,
            high=10.0,
            step=1.0,
            unit="/min",
            help="So many microsleeps within a minute count as drowsy.",
            source="own choice: nobody who is awake shuts the eyes for a second at the wheel",
        ),
        "yawn_opening": Quantity(
            name="Yawn opens",
            default=0.4,
            low=0.2,
            high=1.2,
            step=0.05,
            unit="",
            decimals=2,
            help="In a yawn the gap of the inner lips is at least this share of their width.",
            source="0.4 (Appl. Sci. 15:20); the usual 0.6 is out of reach of landmarks learned "
            "from FaceMesh, which close wide mouths by half",
        ),
        "yawn_s": Quantity(
            name="Yawn at least",
            default=2.0,
            low=0.5,
            high=6.0,
            step=0.1,
            unit="s",
            decimals=1,
            help="A mouth that is wide open for a shorter time is no yawn.",
            source="speech and laughter are shorter or restless (Ochocki and Sawicki 2017)",
        ),
        "yawn_steady": Quantity(
            name="Yawn steady",
            default=0.8,
            low=0.3,
            high=1.0,
            step=0.05,
            unit="",
            decimals=2,
            help="Share of a yawn's time in which the mouth is wide open.",
            source="own choice: a talking mouth closes several times a second",
        ),
        "yawn_width": Quantity(
            name="Laughter widens",
            default=1.15,
            low=1.0,
            high=2.0,
            step=0.05,
            unit="",
            decimals=2,
            help="A mouth wider than its width at rest by this factor laughs and does not yawn.",
            source="own choice: laughing pulls the corners apart, yawning draws them in",
        ),
        "yawns_window_s": Quantity(
            name="Yawns over",
            default=600.0,
            low=60.0,
            high=1800.0,
            step=60.0,
            unit="s",
            help="Yawns are counted over this time.",
            source="field study: count per 10 min",
        ),
        "yawns_drowsy": Quantity(
            name="Yawns drowsy",
            default=3.0,
            low=1.0,
            high=20.0,
            step=1.0,
            unit="",
            help="So many yawns within their window count as drowsy.",
            source="own choice: a yawn alone says little",
        ),
        "turn_deg": Quantity(
            name="Turned from",
            default=20.0,
            low=5.0,
            high=60.0,
            step=1.0,
            unit="°",
            help="Yaw, up or down, away from straight ahead by this much is turned away.",
            source="20° (Driver-State-Detection), here from the person's own neutral",
        ),
        "away_s": Quantity(
            name="Turned away for",
            default=2.5,
            low=0.5,
            high=10.0,
            step=0.1,
            unit="s",
            decimals=1,
            help="Turned away for at least this long is distracted.",
            source="2.5 s (Driver-State-Detection)",
        ),
        "nod_deg": Quantity(
            name="Nod from",
            default=10.0,
            low=3.0,
            high=40.0,
            step=1.0,
            unit="°",
            help="A movement of the head up or down by at least this much is a nod.",
            source="own choice: half of the turn limit, as pitch varies less",
        ),
        "nod_off_drop_s": Quantity(
            name="Nodding off slower than",
            default=0.3,
            low=0.0,
            high=3.0,
            step=0.1,
            unit="s",
            decimals=1,
            help="A head that sinks faster is a plain nod.",
            source="own choice: a willing nod goes down in a quarter of a second",
        ),
        "nod_off_shut": Quantity(
            name="Nodding off shut",
            default=0.5,
            low=0.1,
            high=1.0,
            step=0.05,
            unit="",
            decimals=2,
            help="The head nods off if the eyes are shut for this share of its way down.",
            source="own choice: eyes close while the head sinks",
        ),
        "nod_offs_drowsy": Quantity(
            name="Nodding off drowsy",
            default=1.0,
            low=1.0,
            high=10.0,
            step=1.0,
            unit="/min",
            help="So many times of nodding off within a minute count as drowsy.",
            source="own choice: as a microsleep",
        ),
        "lost_s": Quantity(
            name="Face lost after",
            default=1.0,
            low=0.2,
            high=10.0,
            step=0.1,
            unit="s",
            decimals=1,
            help="A face that is away for this long is lost.",
            source="own choice: longer than the detector needs to find it again",
        ),
        "baseline_s": Quantity(
            name="Baseline over",
            default=60.0,
            low=10.0,
            high=600.0,
            step=10.0,
            unit="s",
            help="Time over which the person's own open eyes and neutral head are followed.",
            source="own choice: light and seat change over minutes, drowsiness does too: slower "
            "than closures, faster than dusk",
        ),
        "settle_s": Quantity(
            name="Learning for",
            default=3.0,
            low=1.0,
            high=10.0,
            step=0.5,
            unit="s",
            decimals=1,
            help="Without a calibration so much time is watched before anything is said.",
            source="own choice: most of it lies between two blinks",
        ),
        "shut_ratio": Quantity(
            name="Shut eye ratio",
            default=0.4,
            low=0.1,
            high=0.7,
            step=0.05,
            unit="",
            decimals=2,
            help="Aspect ratio of the shut eye over that of the open one, until it was seen.",
            source="0.06 to 0.4 of an open eye, with glasses the most (irlume #173)",
        ),
    }
)
"""Field of `DriverSettings` -> what it means."""

GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Eyes": (
            *("shut_opening", "blink_opening", "blink_min_s", "blink_min_fps", "long_closure_s"),
            *("microsleep_s", "blink_drowsy_s", "closures_drowsy", "microsleeps_drowsy"),
        ),
        "PERCLOS": (*("perclos_opening", "perclos_window_s", "perclos_known_s", "perclos_drowsy"),),
        "Mouth": (
            *("yawn_opening", "yawn_s", "yawn_steady", "yawn_width", "yawns_window_s"),
            "yawns_drowsy",
        ),
        "Head": (
            *("turn_deg", "away_s", "nod_deg", "nod_off_drop_s", "nod_off_shut"),
            *("nod_offs_drowsy", "lost_s"),
        ),
        "What is known": (
            *("far_eye_yaw_deg", "eyes_yaw_deg", "eyes_pitch_deg", "eyes_trust"),
            *("eyes_distance_px", "longest_gap_s", "lid_stroke_s", "baseline_s", "settle_s"),
            "shut_ratio",
        ),
    }
)
"""Heading -> fields of `DriverSettings`, in the order in which people should meet them."""


def _default(name: str) -> float:
    return QUANTITIES[name].default


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverSettings:
    """One value per entry of `QUANTITIES`, in its unit.

    Raises:
        PfldLiveError: a value is out of its range, or they contradict each other.
    """

    shut_opening: float = _default("shut_opening")
    blink_opening: float = _default("blink_opening")
    blink_min_s: float = _default("blink_min_s")
    blink_min_fps: float = _default("blink_min_fps")
    long_closure_s: float = _default("long_closure_s")
    microsleep_s: float = _default("microsleep_s")
    far_eye_yaw_deg: float = _default("far_eye_yaw_deg")
    eyes_yaw_deg: float = _default("eyes_yaw_deg")
    eyes_pitch_deg: float = _default("eyes_pitch_deg")
    eyes_trust: float = _default("eyes_trust")
    eyes_distance_px: float = _default("eyes_distance_px")
    longest_gap_s: float = _default("longest_gap_s")
    perclos_opening: float = _default("perclos_opening")
    lid_stroke_s: float = _default("lid_stroke_s")
    perclos_window_s: float = _default("perclos_window_s")
    perclos_known_s: float = _default("perclos_known_s")
    perclos_drowsy: float = _default("perclos_drowsy")
    blink_drowsy_s: float = _default("blink_drowsy_s")
    closures_drowsy: float = _default("closures_drowsy")
    microsleeps_drowsy: float = _default("microsleeps_drowsy")
    yawn_opening: float = _default("yawn_opening")
    yawn_s: float = _default("yawn_s")
    yawn_steady: float = _default("yawn_steady")
    yawn_width: float = _default("yawn_width")
    yawns_window_s: float = _default("yawns_window_s")
    yawns_drowsy: float = _default("yawns_drowsy")
    turn_deg: float = _default("turn_deg")
    away_s: float = _default("away_s")
    nod_deg: float = _default("nod_deg")
    nod_off_drop_s: float = _default("nod_off_drop_s")
    nod_off_shut: float = _default("nod_off_shut")
    nod_offs_drowsy: float = _default("nod_offs_drowsy")
    lost_s: float = _default("lost_s")
    baseline_s: float = _default("baseline_s")
    settle_s: float = _default("settle_s")
    shut_ratio: float = _default("shut_ratio")

    def __post_init__(self) -> None:
        for name, quantity in QUANTITIES.items():
            quantity.check(getattr(self, name))
        self._in_order("perclos_opening", "shut_opening")
        self._in_order("blink_opening", "shut_opening")
        self._in_order("long_closure_s", "microsleep_s")
        self._in_order("far_eye_yaw_deg", "eyes_yaw_deg")
        self._in_order("perclos_known_s", "perclos_window_s")

    def _in_order(self, lesser: str, greater: str) -> None:
        if getattr(self, lesser) > getattr(self, greater):
            raise PfldLiveError(
                f"{QUANTITIES[lesser].name} ({getattr(self, lesser):g}) must not be above "
                f"{QUANTITIES[greater].name} ({getattr(self, greater):g}); change one of them."
            )

    def as_dict(self) -> dict[str, float]:
        """Field -> value."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Settings from a file: unknown fields are named, absent ones take their default.

        Raises:
            PfldLiveError: a field is unknown or no number, or see the class.
        """
        known = {field.name for field in fields(cls)}
        for name, value in values.items():
            if name not in known:
                raise PfldLiveError(f"There is no driver setting {shortened(name)}; remove it.")
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise PfldLiveError(
                    f"{QUANTITIES[name].name} must be a number, got {shortened(value)}."
                )
        return cls(**{name: float(value) for name, value in values.items()})
