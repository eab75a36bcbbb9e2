"""`pfld-live models`: the zoo as a table or as JSON."""

from __future__ import annotations

from app.cli.console import print_json
from app.core.resources import models_folder, user_models_folder
from app.vision.zoo import Zoo, ZooEntry

_COLUMNS = ("model", "precision", "points", "input", "MB", "NME % (val)", "ms", "file")


def list_models(*, as_json: bool) -> int:
    """Print the zoo; unusable files come last, with the reason."""
    zoo = Zoo.scan()
    if as_json:
        print_json([_as_dict(entry) for entry in zoo.entries])
        return 0
    rows = [_row(entry) for entry in zoo.usable]
    if rows:
        _print_table(rows)
    else:
        print("No usable model was found.")
    for entry in zoo.entries:
        if entry.problem is not None:
            print(f"unusable: {entry.path.name}: {entry.problem}")
    print(f"\nModels of the program: {models_folder()}\nYour own models: {user_models_folder()}")
    return 0


def _row(entry: ZooEntry) -> tuple[str, ...]:
    card = entry.card
    assert card is not None  # noqa: S101 - only usable entries come here
    nme = card.nme_val.get("all")
    return (
        card.name,
        card.precision,
        f"{card.landmark_layout.count} ({card.layout})",
        f"{card.input_size} {card.channels}",
        f"{entry.megabytes:.2f}",
        "–" if nme is None else f"{nme:.2f}",
        "–" if card.milliseconds is None else f"{card.milliseconds:.2f}",
        entry.path.name,
    )


def _print_table(rows: list[tuple[str, ...]]) -> None:
    table = [_COLUMNS, *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(_COLUMNS))]
    for number, row in enumerate(table):
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
        if number == 0:
            print("  ".join("-" * width for width in widths))


def _as_dict(entry: ZooEntry) -> dict[str, object]:
    card = entry.card
    facts: dict[str, object] = {
        "file": str(entry.path),
        "label": entry.label,
        "usable": card is not None,
        "problem": entry.problem,
        "megabytes": round(entry.megabytes, 3),
    }
    if card is not None:
        facts |= {
            "name": card.name,
            "family": card.family,
            "precision": card.precision,
            "layout": card.layout,
            "points": card.landmark_layout.count,
            "input_size": card.input_size,
            "channels": card.channels,
            "nme_val": dict(card.nme_val),
            "milliseconds": card.milliseconds,
            "trained_on": card.trained_on,
            "licence": card.licence,
            "made_by": card.made_by,
        }
    return facts
