"""The part of the page about learning: the loss over the steps, and the norms from layer to layer."""

import math
from collections.abc import Sequence
from itertools import zip_longest

from tapelint.record import Record
from tapelint.report.html import plots
from tapelint.report.html.markup import Content, Html, joined, tag
from tapelint.report.html.norms import Layer, Variable, courses, layers
from tapelint.report.html.tables import more, table
from tapelint.report.html.wording import NOTHING, breakable, figure, spot

MOST_STEPS = 16
MOST_LAYERS = 150
MOST_SERIES = 4


def loss(record: Record, name: str) -> Html | None:
    """The loss over the steps that were seen, drawn if there are two of them; nothing where none was differentiated."""
    series = [(spot(line, record.script), values) for line, values in courses(record)]
    if not series:
        return None
    longest = max(len(values) for _, values in series)
    told = tag("p", "The value that was differentiated, step by step.", class_="lead")
    drawable = [(label, values) for label, values in series if sum(map(math.isfinite, values)) > 1][:MOST_SERIES]
    plot = plots.losses(drawable, f"{name}-loss") if drawable and plots.available() else None
    heads: list[Content] = ["step", *(label for label, _ in series)]
    rows = [[str(step), *map(figure, values)] for step, values in _steps([values for _, values in series])]
    steps = table("The loss at each step", heads, rows, numbers=len(series))
    numbers = tag("details", tag("summary", "In numbers"), steps, more(longest - len(rows), "step"))
    undrawn = more(len(series) - len(drawable), "line") if plot else None
    return joined(tag("h3", "Loss"), told, plot, undrawn, numbers)


def _steps(series: Sequence[Sequence[float]]) -> list[tuple[int, tuple[float | None, ...]]]:
    return list(enumerate(zip_longest(*(values[:MOST_STEPS] for values in series)), start=1))


def norms(record: Record, name: str, *, alarm: bool) -> Html | None:
    """What reached each layer and how far it moved; with `alarm`, a layer that stood still is marked as wrong."""
    every = layers(record)
    if not every:
        return None
    lead = (
        "How long the gradient of each layer was, how far an update moved its weights, and what part of their own "
        "length that is: medians over the steps."
    )
    plot = plots.norms(every, f"{name}-norms", alarm=alarm) if plots.available() else None
    shown_layers = every[:MOST_LAYERS]
    heads = ("layer", "gradient", "update", "of its weights")
    summary = table("Gradients and updates, layer by layer", heads, map(_layer_row, shown_layers), numbers=3)
    details = tag("details", tag("summary", "Variable by variable, step by step"), *_by_variable(shown_layers))
    left = more(len(every) - len(shown_layers), "layer")
    undrawn = len(shown_layers) - plots.MOST_LAYERS
    first = f"Only the first {plots.MOST_LAYERS} layers are drawn; the table has more."
    drawn = tag("p", first, class_="quiet") if plot and undrawn > 0 else None
    return joined(tag("h3", "Layers"), tag("p", lead, class_="lead"), plot, drawn, summary, left, details)


def _layer_row(layer: Layer) -> list[Content]:
    known = layer.gradient is not None or layer.reached or not layer.asked
    gradient = figure(layer.gradient) if known else "none"
    step = "none" if layer.moved is False else figure(layer.step)
    return [breakable(layer.name), gradient, step, NOTHING if layer.pace is None else f"{figure(100 * layer.pace)} %"]


def _by_variable(shown_layers: Sequence[Layer]) -> list[Html]:
    variables = [variable for layer in shown_layers for variable in layer.variables]
    tables = []
    for caption, lengths in (
        ("The length of each gradient", [_gradients(variable) for variable in variables]),
        ("The length of each update", [[figure(step) for step in each.steps] for each in variables]),
    ):
        longest = max(map(len, lengths), default=0)
        width = min(MOST_STEPS, longest)
        rows = [
            [breakable(variable.name), *told[:width], *[NOTHING] * (width - len(told))]
            for variable, told in zip(variables, lengths, strict=True)
        ]
        if width:
            drawn = table(caption, ("variable", *map(str, range(1, width + 1))), rows, numbers=width)
            tables.append(joined(drawn, more(longest - width, "step")))
    return tables


def _gradients(variable: Variable) -> list[str]:
    pairs = zip(variable.kinds, variable.gradients, strict=True)
    return ["none" if kind == "none" else figure(length) for kind, length in pairs]
