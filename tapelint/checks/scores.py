"""Checks of metrics against the predictions and labels that they are given."""

from __future__ import annotations

from tapelint.checks import trails
from tapelint.checks.mending import argument_site
from tapelint.checks.registry import check
from tapelint.checks.repairs import Repair, Replace, SetArgument
from tapelint.checks.report import Report, Reports
from tapelint.program.fits import same_data
from tapelint.program.knowledge import table
from tapelint.program.labels import is_continuous
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors
from tapelint.program.scorings import Scoring
from tapelint.program.spelling import spelling
from tapelint.program.trace import Call
from tapelint.program.values import Element, Item, Result, Site
from tapelint.syntax import tree

_REGRESSION = frozenset(
    {"mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error",
     "huber", "log_cosh"}
)  # fmt: skip
_ACCURACIES = frozenset({"chosen", "BinaryAccuracy"})


@check
def metric_threshold_on_logits(program: Program) -> Reports:
    for scoring in program.scorings:
        if _takes_logits(scoring) and _is_cut(scoring):
            yield Report(
                _place(program, scoring),
                f"{_named(scoring)} takes a logit above 0.5 for a yes, but 0 is where the model is undecided",
                _trail(scoring, "these are logits"),
                fix=_cut_at_zero(program, scoring),
            )


def _cut_at_zero(program: Program, scoring: Scoring) -> Repair | None:
    """Tell the metric where logits are cut, or put one that can be told in the place of its name."""
    arguments = table("metrics")["thresholds"].get(scoring.name, {})
    told = ("from_logits", "True") if "from_logits" in arguments else (next(iter(arguments), "threshold"), "0.0")
    if scoring.made is not None:
        if scoring.made.arguments:
            return None
        return Repair(f"cut at 0 in `{scoring.name}`", "unsafe", (SetArgument(scoring.made.site, *told),))
    name = "BinaryAccuracy" if scoring.name == "chosen" else scoring.name
    word = _word(program, scoring)
    metric = spelling(scoring.call.site.module, f"keras.metrics.{name}")
    if word is None or metric is None or not isinstance(word.value, str):
        return None
    # Under the name that it had, for callbacks and histories go by it.
    text = f'{metric}(name="{word.value}", {told[0]}={told[1]})'
    return Repair(f"cut at 0 in `{name}`", "unsafe", (Replace(Site(scoring.call.site.module, word.id), text),))


def _word(program: Program, scoring: Scoring) -> tree.Constant | None:
    """The name in the list of metrics that a scoring was asked for by, if it is the only one that means this."""
    given = argument_site(program, scoring.call, 3, "metrics")
    if given is None or scoring.model is None:
        return None
    listed = program.nodes(given.module)[given.node]
    words = (
        [item for item in listed.items if isinstance(item, tree.Constant)]
        if isinstance(listed, tree.Collection)
        else []
    )
    named = [word for word in words if table("metrics")["names"].get(word.value) == scoring.name]
    return named[0] if len(named) == 1 else None


def _takes_logits(scoring: Scoring) -> bool:
    """Whether the predictions surely are logits of a yes: the loss says so, and nothing has made them probabilities."""
    loss = scoring.compared.loss if scoring.compared is not None else None
    linear = scoring.head is None or scoring.head.activation == "linear"
    return loss is not None and loss.from_logits is True and loss.activation == "sigmoid" and linear


def _is_cut(scoring: Scoring) -> bool:
    if scoring.name == "chosen":
        # For one column, Keras takes BinaryAccuracy.
        return scoring.head is not None and scoring.head.units == 1
    return scoring.cuts_at_a_half is True


@check
def metric_mismatch(program: Program) -> Reports:
    for scoring in program.scorings:
        reason = _contradiction(program, scoring)
        if reason is not None:
            where = _trail(scoring, "the predictions come from here")
            yield Report(_place(program, scoring), reason, where, fix=_mend(program, scoring))


def _mend(program: Program, scoring: Scoring) -> Repair | None:
    """Swap arguments that are swapped; put the metric that fits in the place of one that compares for equality."""
    if scoring.predictions is not None and _is_swapped(scoring):
        first, second = (argument_site(program, scoring.call, place, "") for place in (0, 1))
        if first is None or second is None:
            return None
        return Repair("swap labels and predictions", "unsafe", (Replace(first, second), Replace(second, first)))
    if scoring.name != "Accuracy" or scoring.made is None or scoring.head is None or scoring.compared is None:
        return None
    fitting = {"sigmoid": "BinaryAccuracy", "softmax": "CategoricalAccuracy"}.get(scoring.head.activation)
    if fitting == "CategoricalAccuracy" and scoring.compared.loss.labels == "numbers":
        fitting = "SparseCategoricalAccuracy"
    made = program.nodes(scoring.made.site.module)[scoring.made.site.node]
    metric = spelling(scoring.made.site.module, f"keras.metrics.{fitting}") if fitting is not None else None
    if metric is None or not isinstance(made, tree.Call):
        return None
    change = Replace(Site(scoring.made.site.module, made.function.id), metric)
    return Repair(f"count with `{fitting}`", "unsafe", (change,))


def _contradiction(program: Program, scoring: Scoring) -> str | None:
    """Why a metric says nothing about what it is given."""
    if scoring.predictions is not None and _is_swapped(scoring):
        return f"{_named(scoring)} gets the predictions as labels and the labels as predictions"
    if scoring.name == "Accuracy" and scoring.made is not None and _is_continuous(scoring):
        return (
            "`Accuracy` counts predictions that equal the label exactly, which no output of a layer does: it stays at 0"
        )
    loss = scoring.compared.loss if scoring.compared is not None else None
    if loss is None:
        return None
    if loss.labels == "numbers" and scoring.name in table("metrics")["shares"]["names"]:
        return f"`{scoring.name}` compares shares of each class, and these labels are numbers of classes"
    if scoring.name in _ACCURACIES and loss.function in _REGRESSION and _is_regression(program, scoring):
        return f"accuracy counts predictions on the right side of 0.5: under `{loss.function}` it says nothing"
    return None


def _is_continuous(scoring: Scoring) -> bool:
    """Whether predictions surely are what a layer puts out, and no numbers of classes."""
    return scoring.head is not None or (
        isinstance(scoring.predictions, Result) and scoring.predictions.call.op == "forward"
    )


def _is_swapped(scoring: Scoring) -> bool:
    """Whether what the model puts out stands first, and a part of the data second."""
    first, second = scoring.labels, scoring.predictions
    if not (isinstance(first, Result) and first.call.op == "forward") or second is None:
        return False
    fed = [one for given in first.call.arguments for one in ancestors(given)]
    batches = {id(one.of) for one in fed if isinstance(one, Item)}
    return isinstance(second, Item) and isinstance(second.of, Element) and id(second.of) in batches


def _is_regression(program: Program, scoring: Scoring) -> bool:
    """Whether a model with one linear output learns numbers that surely are no classes."""
    if scoring.head is None or scoring.head.activation != "linear":
        return False
    fits = [fit for fit in program.fits if fit.receiver is scoring.model]
    if not fits:
        return False
    if all(_reproduces(fit) for fit in fits):
        return True
    return scoring.head.units == 1 and all(_has_continuous_labels(fit) for fit in fits)


def _reproduces(fit: Call) -> bool:
    """Whether the inputs are also what shall come out, as in an autoencoder."""
    x, y = fit.argument(0, "x"), fit.argument(1, "y")
    return x is not None and y is not None and same_data(x, y)


def _has_continuous_labels(fit: Call) -> bool:
    y = fit.argument(1, "y")
    return y is not None and is_continuous(y) is True


def _named(scoring: Scoring) -> str:
    return "accuracy" if scoring.name == "chosen" else f"`{scoring.name}`"


def _place(program: Program, scoring: Scoring) -> Site:
    """Where a metric is chosen: at its object, at its name among the metrics, or where it is called."""
    if scoring.model is None:
        return scoring.call.site
    if scoring.made is not None:
        return scoring.made.site
    return argument_site(program, scoring.call, 3, "metrics") or scoring.call.site


def _trail(scoring: Scoring, what: str) -> trails.Trail:
    return trails.distinct(
        [
            (scoring.head.site if scoring.head is not None else None, what),
            (scoring.made.site if scoring.made is not None else None, "the metric is made here"),
            (scoring.compared.site if scoring.compared is not None else None, "the loss is chosen here"),
            (scoring.call.site, "the metric is given them here"),
        ]
    )
