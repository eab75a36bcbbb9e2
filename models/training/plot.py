"""The training curve as a small picture."""

from __future__ import annotations

import json
from pathlib import Path


def plot_training(log: Path, output: Path) -> None:
    """Losses of training and, where logged, of validation, and the error on val over the steps of
    a run.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    losses = [(r["step"], r["loss"]) for r in rows if "loss" in r]
    errors = [(r["step"], 100 * r["val_nme"]) for r in rows if "val_nme" in r]
    validation = [(r["step"], r["val_loss"]) for r in rows if "val_loss" in r]
    figure, left = plt.subplots(figsize=(6, 3), dpi=80, layout="constrained")
    left.plot(*zip(*losses, strict=True), color="tab:grey", linewidth=1, label="training")
    left.set_xlabel("step")
    left.set_ylabel("loss", color="tab:grey")
    left.set_yscale("log")
    if validation:
        left.plot(*zip(*validation, strict=True), "--", color="tab:grey", label="validation")
    left.legend(loc="upper right", frameon=False)
    if errors:
        right = left.twinx()
        right.plot(*zip(*errors, strict=True), color="tab:blue", marker=".", linewidth=1)
        right.set_ylabel("NME on val, % of eye distance", color="tab:blue")
        right.set_yscale("log")
        right.yaxis.set_major_formatter("{x:g}")
        right.yaxis.set_minor_formatter("{x:g}")
    figure.savefig(output)
    plt.close(figure)
