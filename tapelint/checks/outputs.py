"""Checks of the end of a model against the loss: the one has to give what the other takes."""

from __future__ import annotations

from tapelint.checks import trails
from tapelint.checks.loss_repairs import expecting_logits, expecting_probabilities, fitting_activation
from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import loss_named
from tapelint.program.comparisons import Comparison
from tapelint.program.outputs import PROBABILITIES, Head
from tapelint.program.program import Program
from tapelint.program.values import Site

# Activations whose results are no probabilities, and those whose results cannot be all logits.
_UNBOUNDED = frozenset(
    {"relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "swish", "softplus", "exponential", "tanh"}
)
_ONE_SIDED = {
    "relu": "never falls below 0, and a probability not below a half",
    "relu6": "never falls below 0, and a probability not below a half",
    "softplus": "never falls below 0, and a probability not below a half",
    "exponential": "never falls below 0, and a probability not below a half",
    "tanh": "stays within -1 and 1, and a probability between 0.27 and 0.73",
}
# Whatever is positive becomes a probability when the loss divides it by the sum over the classes.
_DIVIDED_LATER = frozenset({"softplus", "exponential"})


@check
def logits_mismatch(program: Program) -> Reports:
    for compared in program.comparisons:
        head, loss = compared.head, compared.loss
        if head is None or loss.activation is None or loss.from_logits is None or _changes_activations(program):
            continue
        chosen = loss_named(program, compared.loss)
        if not loss.from_logits and head.activation in ("linear", "log_softmax"):
            what = "log-probabilities" if head.activation == "log_softmax" else "logits"
            yield Report(
                compared.site,
                f"{chosen} takes {what} for probabilities: it cuts them off at 0 and 1, and its gradients are wrong",
                _trail(program, compared, head, f"the predictions leave the model here, as {what}"),
                fix=expecting_logits(program, compared) if what == "logits" else None,
            )
        if loss.from_logits and head.activation in PROBABILITIES:
            repaired = _is_repaired(compared, head)
            yield Report(
                compared.site,
                f"{chosen} expects logits and gets a {head.activation}: "
                + ("Keras takes it back" if repaired else "applied twice, it flattens the gradients"),
                _trail(program, compared, head, f"this {head.activation} makes probabilities"),
                severity="info" if repaired else None,
                fix=expecting_probabilities(program, compared, repaired=repaired),
            )


def _is_repaired(compared: Comparison, head: Head) -> bool:
    """Whether Keras finds the logits behind the activation: those that it has noted itself, or any in a graph."""
    return compared.loss.by == "keras" and head.bare and (head.by == "keras" or compared.in_graph is not False)


def _changes_activations(program: Program) -> bool:
    """Whether somebody replaces the activation of a layer that was made with another."""
    return any(assignment.name == "activation" for assignment in program.trace.assignments)


@check
def output_loss_mismatch(program: Program) -> Reports:
    for compared in program.comparisons:
        head = compared.head
        if head is None or _changes_activations(program):
            continue
        reason = _contradiction(compared, head)
        if reason is not None:
            mild = compared.loss.activation in PROBABILITIES and head.activation in PROBABILITIES and head.units != 1
            yield Report(
                head.site,
                reason,
                trails.distinct([(compared.site, "the loss is chosen here"), *_computed(program, compared)]),
                severity="warning" if mild else None,
                fix=fitting_activation(program, compared, head) if not mild else None,
            )


def _contradiction(compared: Comparison, head: Head) -> str | None:
    """Why predictions that end so cannot be learned, or not be read, with the loss that they are given to."""
    loss = compared.loss
    if head.activation == "softmax" and head.units == 1:
        return "a softmax over one unit is always 1, whatever the model has learned"
    if loss.activation is None or loss.from_logits is None:
        return None
    if loss.activation == "softmax" and head.units == 1:
        return f"one unit for `{loss.function}`, which compares classes: the loss is always 0"
    if loss.from_logits:
        reason = _ONE_SIDED.get(head.activation)
        return f"a logit after `{head.activation}` {reason}" if reason is not None else None
    if head.activation in _UNBOUNDED and not (
        loss.function.startswith("categorical") and head.activation in _DIVIDED_LATER
    ):
        return f"`{head.activation}` gives no probabilities, which `{loss.function}` needs: it cuts them off at 0 and 1"
    if head.activation in PROBABILITIES and head.activation != loss.activation and head.units != 1:
        learned = f"trains it as a {loss.activation}, and what it predicts is not what it has learned"
        return f"a {head.activation} under `{loss.function}`, which {learned}"
    return None


def _trail(program: Program, compared: Comparison, head: Head, what: str) -> trails.Trail:
    return trails.distinct([(head.site, what), *_computed(program, compared)])


def _computed(program: Program, compared: Comparison) -> list[tuple[Site | None, str]]:
    """Where the loss is computed: by its call, or in the fits of a compiled model."""
    if compared.model is None:
        return [(compared.call.site, "the loss is computed here")]
    return [(fit.site, "the model is trained here") for fit in program.fits if fit.receiver is compared.model]
