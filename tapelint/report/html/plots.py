"""The plots of the page: the loss over the steps, and the size of gradients and updates from layer to layer."""

import importlib.util
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tapelint.report.html.drawing import COLOURS, PALETTE, SETTINGS, inline
from tapelint.report.html.markup import Html, legible
from tapelint.report.html.norms import Layer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 4.6
"""Inches of 72 units: as wide as a telephone, so that letters stay legible there."""

LONGEST_NAME = 22
MOST_LAYERS = 60


def available() -> bool:
    """Whether there is something to draw with."""
    return importlib.util.find_spec("matplotlib") is not None


def losses(series: Sequence[tuple[str, Sequence[float]]], name: str) -> Html:
    """The loss over the steps, a line for each place that computes one."""
    from matplotlib.ticker import MaxNLocator

    with _figure(2.2) as (figure, axes):
        for (label, values), colour in zip(series, PALETTE, strict=False):
            steps = range(1, len(values) + 1)
            marker = "o" if len(values) <= 40 else None
            axes.plot(steps, values, color=COLOURS[colour], marker=marker, markersize=3.5, label=legible(label))
        axes.set_xlabel("step")
        axes.set_ylabel("loss")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(visible=False, axis="x")
        if len(series) > 1:
            axes.legend(frameon=False, fontsize=9, labelcolor=COLOURS["ink"])
        return inline(figure, name, "The loss over the steps: " + "; ".join(_course(*each) for each in series))


def norms(layers: Sequence[Layer], name: str, *, alarm: bool) -> Html:
    """The length of each layer's gradient and of its steps, from the first layer at the top to the last.

    With `alarm`, what stands still is wrong, and not just so.
    """
    shown = layers[:MOST_LAYERS]
    with _figure(0.8 + 0.24 * len(shown)) as (figure, axes):
        values = [value for layer in shown for value in (layer.gradient, layer.step) if value and math.isfinite(value)]
        room = 1 if any(layer.trouble for layer in shown) else 0
        least = 10.0 ** (math.floor(math.log10(min(values, default=1))) - room)
        for row, layer in enumerate(shown):
            _row(axes, row, layer, least, COLOURS["bad" if alarm else "faint"])
        for label, colour, marker in (("gradient", "first", "o"), ("update", "second", "D")):
            axes.plot([], [], color=COLOURS[colour], marker=marker, linestyle="", markersize=5, label=label)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_xlim(left=least * 0.8)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_yticks(range(len(shown)), [_short(layer.name) for layer in shown])
        axes.tick_params(axis="y", length=0, labelcolor=COLOURS["ink"])
        axes.minorticks_off()
        axes.set_xlabel("length, median of the steps")
        figure.legend(loc="outside upper right", ncols=2, frameon=False, fontsize=9, labelcolor=COLOURS["ink"])
        told = f"The length of the gradients and updates of {len(shown)} layers, which the table below has in numbers"
        return inline(figure, name, told)


def _row(axes: "Axes", row: int, layer: Layer, least: float, trouble: str) -> None:
    for value, colour, marker, offset in ((layer.gradient, "first", "o", -0.12), (layer.step, "second", "D", 0.12)):
        if value is not None and math.isfinite(value) and value > 0:
            axes.plot([value], [row + offset], color=COLOURS[colour], marker=marker, markersize=5, linestyle="")
    if layer.trouble:
        axes.text(least, row, layer.trouble, color=trouble, fontsize=9, va="center")


@contextmanager
def _figure(height: float) -> "Iterator[tuple[Figure, Axes]]":
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        yield figure, figure.subplots()


def _short(name: str) -> str:
    told = legible(name)
    return told if len(told) <= LONGEST_NAME else "\u2026" + told[1 - LONGEST_NAME :]


def _course(label: str, values: Sequence[float]) -> str:
    return f"{label}, from {values[0]:.4g} to {values[-1]:.4g} in {len(values)} steps"
