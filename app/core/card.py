"""What an ONNX file says about itself: the card in its metadata."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Literal, Self, get_args

from app.core.errors import ModelError
from app.core.layout import LAYOUTS, LandmarkLayout
from app.core.untrusted import as_number, as_text, parse_json, shortened, shown

Precision = Literal["fp32", "fp16", "int8"]
Channels = Literal["bgr", "rgb", "grey"]
Coordinates = Literal["unit", "symmetric", "pixels"]
PoseSource = Literal["points", "network"]

METADATA_KEY = "pfld_live.card"
CARD_VERSION = 1

_LONGEST = 60
_LONGEST_NOTE = 4000
_MOST = 1e6
"""No mean, error in percent or time in milliseconds is larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """The facts that the program needs to run a landmark model, and those a user asks for.

    The network takes one crop as float32 of shape (1, C, input_size, input_size), each channel
    (value - mean) / std with value in 0..255, and gives (1, 2 N) or (1, N, 2) numbers, x before y.

    Attributes:
        name: unique name, for example `pfld-0.5x`; fp32 and int8 share it.
        family: the system that the model belongs to, for example `pfld`.
        precision: number format of the weights.
        layout: name of the landmark layout; it fixes N.
        input_size: side of the square input, pixels.
        channels: order of the colours, C is 3, or 1 for grey.
        mean, std: per channel, on the 0..255 scale.
        crop_scale: side of the crop as a multiple of the longer side of the face box. The face
            box is the tight box around the 68 iBUG points, whoever found the face.
        crop_shift: downward shift of the crop's centre as a share of that longer side.
        points_output: name of the output that holds the points.
        coordinates: `unit` 0..1 across the crop, `symmetric` -1..1, `pixels` 0..input_size.
        trust_output: name of an output of one probability that the crop holds a well-framed
            face, or None.
        pose_output: name of an output of the three numbers yaw, pitch and roll, the angles of
            `app.core.rotation` in degrees, as a camera sees them that looks straight at the face
            and holds the crop upright; None where the network says nothing of the pose.
        visibility_output: name of an output of three probabilities that the left eye, the right eye
            (as the picture has them) and the mouth can be seen, or None.
        expression_output: name of an output of one number 0..1 for each of `expressions`, or None.
        expressions: names of the blendshapes in the expression output, such as `eyeBlinkLeft`;
            left and right are those of the person.
        pose_source: `network` where `pose_output` is better than a pose fitted to the points.
        trained_on, licence: training data and what may be done with the weights.
        nme_val: mean error by attribute on the val split in percent of the outer eye distance;
            `all` is the total.
        milliseconds: p50 of one inference on one thread where it was measured, or None.
        made_by: recipe and commit that made the file.
    """

    name: str
    family: str
    precision: Precision
    layout: str
    input_size: int
    channels: Channels
    mean: tuple[float, ...]
    std: tuple[float, ...]
    crop_scale: float
    crop_shift: float
    points_output: str
    coordinates: Coordinates
    trust_output: str | None = None
    pose_output: str | None = None
    pose_source: PoseSource = "points"
    visibility_output: str | None = None
    expression_output: str | None = None
    expressions: tuple[str, ...] = ()
    trained_on: str = ""
    licence: str = ""
    nme_val: Mapping[str, float] = field(default_factory=dict)
    milliseconds: float | None = None
    made_by: str = ""
    task: str = "face-landmarks"

    def __post_init__(self) -> None:
        for name in ("name", "family", "precision", "layout", "channels", "points_output"):
            text = getattr(self, name)
            self._check(
                isinstance(text, str) and text.isprintable() and 0 < len(text.strip()) <= _LONGEST,
                f"{name} must be a text of 1 to {_LONGEST} printable characters",
            )
        for name in ("trust_output", "pose_output", "visibility_output", "expression_output"):
            text = getattr(self, name)
            self._check(
                text is None or (isinstance(text, str) and bool(text) and text.isprintable()),
                f"{name} must be a text",
            )
        for name in ("trained_on", "licence", "made_by"):
            text = getattr(self, name)
            self._check(
                isinstance(text, str)
                and text.replace("\n", " ").isprintable()
                and len(text) <= _LONGEST_NOTE,
                f"{name} must be a text of at most {_LONGEST_NOTE} printable characters",
            )
        for name in ("input_size", "crop_scale", "crop_shift", "mean", "std"):
            self._check(_is_finite(getattr(self, name)), f"{name} must be finite numbers")
        self._check(
            type(self.input_size) is int and abs(self.input_size) < _MOST,
            "input_size must be a whole number",
        )
        self._check(self.layout in LAYOUTS, f"layout {shortened(self.layout)} is not known")
        self._check(self.task == "face-landmarks", f"task {shortened(self.task)} is not known")
        for name, allowed in (
            ("precision", get_args(Precision)),
            ("channels", get_args(Channels)),
            ("coordinates", get_args(Coordinates)),
            ("pose_source", get_args(PoseSource)),
        ):
            value = getattr(self, name)
            self._check(
                value in allowed, f"{name} {shortened(value)} is none of {', '.join(allowed)}"
            )
        self._check(
            self.pose_source == "points" or self.pose_output is not None,
            "pose_source is network, but pose_output names no output",
        )
        self._check(
            all(isinstance(name, str) and name.isidentifier() for name in self.expressions)
            and len(set(self.expressions)) == len(self.expressions),
            "expressions must be different names",
        )
        self._check(
            (self.expression_output is not None) == bool(self.expressions),
            "expression_output and expressions belong together",
        )
        depth = self.depth
        self._check(
            len(self.mean) == len(self.std) == depth,
            f"mean and std must have {depth} numbers for {self.channels} input",
        )
        self._check(all(s >= 1e-6 for s in self.std), "std must be above 0")
        self._check(8 <= self.input_size <= 1024, "input_size must lie in 8..1024")
        self._check(0.5 <= self.crop_scale <= 4.0, "crop_scale must lie in 0.5..4")
        self._check(-1.0 <= self.crop_shift <= 1.0, "crop_shift must lie in -1..1")

    @staticmethod
    def _check(condition: bool, problem: str) -> None:
        if not condition:
            raise ModelError(f"the model card is wrong: {problem}")

    @property
    def depth(self) -> int:
        """Number of input channels."""
        return 1 if self.channels == "grey" else 3

    @property
    def landmark_layout(self) -> LandmarkLayout:
        """The layout that `layout` names."""
        return LAYOUTS[self.layout]

    @property
    def label(self) -> str:
        """Name and precision, as a list shows them; unique within a zoo."""
        return f"{self.name} {self.precision}"

    def to_metadata(self) -> dict[str, str]:
        """The card as metadata properties of an ONNX file."""
        values: dict[str, Any] = {"card_version": CARD_VERSION}
        for f in fields(self):
            value = getattr(self, f.name)
            values[f.name] = dict(value) if isinstance(value, Mapping) else value
        return {METADATA_KEY: json.dumps(values, ensure_ascii=False)}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Self:
        """Read the card that `to_metadata` wrote.

        Raises:
            ModelError: there is no card, or it is incomplete or contradicts itself.
        """
        text = metadata.get(METADATA_KEY)
        if text is None:
            raise ModelError("the file carries no model card")
        try:
            values = parse_json(text)
            if not isinstance(values, dict):
                raise ModelError("the model card cannot be read: it is no JSON object")
            version = values.pop("card_version")
            if version != CARD_VERSION:
                raise ModelError(
                    f"the model card has version {shortened(version)}, this program reads 1"
                )
            names = {f.name for f in fields(cls)}
            if unknown := sorted(values.keys() - names):
                named = shown(", ".join(unknown))
                raise ModelError(f"the model card says what this program does not know: {named}")
            if missing := sorted(n for n in _required(cls) if n not in values):
                raise ModelError(f"the model card does not say: {', '.join(missing)}")
            for name in ("mean", "std"):
                values[name] = tuple(as_number(v, name, -_MOST, _MOST) for v in values[name])
            expressions = values.get("expressions", [])
            if not isinstance(expressions, list):
                raise ModelError("the model card cannot be read: expressions must be a list")
            values["expressions"] = tuple(
                as_text(name, "an expression", _LONGEST) for name in expressions
            )
            values["nme_val"] = {
                as_text(name, "an attribute", _LONGEST): as_number(error, name, 0.0, _MOST)
                for name, error in dict(values.get("nme_val", {})).items()
            }
            if values.get("milliseconds") is not None:
                values["milliseconds"] = as_number(
                    values["milliseconds"], "milliseconds", 0.0, _MOST
                )
            return cls(**values)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            raise ModelError(f"the model card cannot be read: {error}") from error


def _required(card: type[ModelCard]) -> list[str]:
    return [f.name for f in fields(card) if f.default is MISSING and f.default_factory is MISSING]


def _is_finite(value: object) -> bool:
    """Whether a value is a finite number or a tuple of such."""
    if isinstance(value, tuple):
        return all(_is_finite(v) for v in value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return False
