"""Checks of the data that a model is validated on."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.checks import trails
from tapelint.checks.mending import hold_out
from tapelint.checks.registry import check, check_of_absence
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import callee
from tapelint.program import kinds
from tapelint.program.feeds import feed_of_fit
from tapelint.program.fits import callbacks_of, epochs_of, is_of_keras, monitored, same_data, validates
from tapelint.program.heldout import is_held_out
from tapelint.program.pipelines import dataset_behind
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors, made_by, site_of
from tapelint.program.rows import columns_of, share_examples, share_rows
from tapelint.program.trace import Call
from tapelint.program.values import (
    Display,
    Element,
    Function,
    Instance,
    Parameter,
    Site,
    Unknown,
    Value,
    alternatives,
    is_none,
)
from tapelint.program.wrappers import EVALUATES

_EVALUATING = frozenset({"evaluate", "test_on_batch", "predict", "predict_on_batch", "evaluate_generator", "score"})
_LONG = 10


@check_of_absence
def no_validation_data(program: Program) -> Reports:
    if any(_evaluates(program, call) or _is_held_out(call) for call in program.trace.calls):
        return
    if any(validates(fit) is True for fit in program.fits):
        # One fit is validated, and the others may lead up to it.
        return
    for fit in program.fits:
        epochs = epochs_of(fit)
        if (
            epochs is None
            or epochs < 2
            or _is_repeated(fit)
            or validates(fit) is not False
            or not _is_supervised(fit)
            or _callback_may_evaluate(fit)
        ):
            continue
        if any(call.receiver is fit.receiver and call.order > fit.order for call in program.forwards):
            # The model is called afterwards, maybe to be scored.
            continue
        model = callee(program, fit, "the model")
        yield Report(
            fit.site,
            f"{model} trains for {epochs} epochs without validation: overfitting stays unseen",
            severity="warning" if epochs >= _LONG else None,
            fix=hold_out(program, fit),
        )


def _evaluates(program: Program, call: Call) -> bool:
    """Whether a call may show how a model does on data that it has not seen."""
    if call.op == EVALUATES:
        return True
    if call.method not in _EVALUATING:
        return False
    given = call.argument(0, "x")
    return given is None or not any(same_data(given, fit.argument(0, "x")) for fit in program.fits)


def _is_repeated(fit: Call) -> bool:
    """Whether a fit runs again and again on one model, so that what happens between its runs may be the validation."""
    models = alternatives(fit.receiver) if fit.receiver is not None else []
    for loop in fit.context.loops:
        made_inside = all(made is not None and loop in made.context.loops for made in map(made_by, models))
        listed = loop.iterable is not None and set(map(id, models)) <= set(map(id, ancestors(loop.iterable)))
        if not models or not (made_inside or listed):
            return True
    return False


def _callback_may_evaluate(fit: Call) -> bool:
    """Whether some callback is not one of those of Keras, which do nothing of their own."""
    callbacks = callbacks_of(fit)
    return callbacks is None or any(not is_of_keras(callback) for callback in callbacks)


def _is_held_out(call: Call) -> bool:
    """Whether a call splits data or scores predictions, by whatever library."""
    name = (call.op or call.method or "").rpartition(".")[2]
    return name in ("train_test_split", "cross_val_score", "KFold", "StratifiedKFold") or (call.op or "").startswith(
        "sklearn.metrics."
    )


def _is_supervised(fit: Call) -> bool:
    """Whether the data is in view and has labels: then there is something to hold out."""
    feed = feed_of_fit(fit)
    if feed is None or len(feed.arrays) < 2 or feed.arrays[0] is feed.arrays[1]:
        return False
    return not any(isinstance(value, (Parameter, Unknown)) for array in feed.arrays for value in ancestors(array))


@check
def validation_on_training_data(program: Program) -> Reports:
    for fit in program.fits:
        trained = [given for given in (fit.argument(0, "x"), fit.argument(1, "y")) if given is not None]
        given = fit.argument(7, "validation_data")
        held_out = alternatives(given) if given is not None and not is_none(given) else []
        if not trained or len(held_out) != 1 or not _is_trained_on(trained, held_out[0]):
            continue
        model = callee(program, fit, "the model")
        same = all(map(same_data, trained, _sides(held_out[0])))
        which = "the data it trains on" if same else "examples that it trains on, too"
        yield Report(
            fit.site,
            f"{model} is validated on {which}: `val_loss` says nothing about new data",
            trails.distinct([(site_of(held_out[0]), "the validation data is made here")]),
            fix=hold_out(program, fit) if same else None,
        )


def _is_trained_on(trained: list[Value], held_out: Value) -> bool:
    """Whether some of the examples to validate on, with what shall come out for them, are surely trained on."""
    sides = _sides(held_out)
    if len(trained) == 1 or is_none(trained[1]):
        unlabelled = len(sides) > 1 and all(map(is_none, sides[1:]))
        return share_examples(trained[0], sides[0] if unlabelled else held_out)
    columns = [[columns_of(one) for one in trained], [columns_of(one) for one in sides[:2]]]
    return [len(side) for side in columns[0]] == [len(side) for side in columns[1]] and all(
        share_rows(left, right)
        for one, other in zip(*columns, strict=True)
        for left, right in zip(one, other, strict=True)
    )


def _sides(held_out: Value) -> list[Value]:
    """What goes in and what shall come out, of validation data that is given as a pair."""
    return held_out.items if isinstance(held_out, Display) and not held_out.open else [held_out]


@check
def test_data_for_selection(program: Program) -> Reports:
    for fit in program.fits:
        given, callbacks = fit.argument(7, "validation_data"), callbacks_of(fit) or []
        choosing = next((one for one in callbacks if (monitored(one) or "").startswith("val_")), None)
        if given is None or is_none(given) or not isinstance(choosing, Instance):
            continue
        scores = [
            call
            for call in program.calls("keras.Model.evaluate")
            if call.receiver is fit.receiver and call.order > fit.order and _is_scored(given, call)
        ]
        others = [call for call in program.calls("keras.Model.evaluate") if not _is_scored(given, call)]
        for score in scores[:1] if not others else []:
            yield Report(
                score.site,
                f"{callee(program, score, 'the model')} was chosen by this data: its score is better than it will be",
                ((choosing.site, "this goes by the data"), (fit.site, "this fit validates on it")),
            )


def _is_scored(held_out: Value, evaluate: Call) -> bool:
    """Whether an `evaluate` is on the data that was held out from a fit."""
    x = evaluate.argument(0, "x")
    return x is not None and any(same_data(x, side) for side in _sides(held_out)[:1])


@check
def update_in_evaluation(program: Program) -> Reports:
    yield from _updates_in_test_steps(program)
    if any(call.method in _RESTORING for call in program.trace.calls):
        # What is learned for the moment, as from the examples of a task, is taken back.
        return
    fed = list(_trained_on(program))
    for call, data in fed:
        others = [one for other, one in fed if _is_same_step(call, other) and one is not data]
        if is_held_out(data) and any(not is_held_out(one) for one in others):
            yield Report(
                _step_over(call, data),
                "the weights are updated by data that was held out: its score says nothing about new data any more",
                trails.distinct([(site_of(data), "this is held out"), (call.site, "the update is made here")]),
            )


_RESTORING = frozenset({"set_weights", "load_weights", "restore"})


def _updates_in_test_steps(program: Program) -> Reports:
    for update in program.updates:
        for frame in update.call.context.frame.stack():
            function = frame.function
            if function is not None and function.node.name == "test_step" and _is_of_model(function):
                yield Report(
                    update.call.site,
                    "`test_step` updates the weights: each validation trains on the validation data",
                    ((function.site, "Keras calls this for validation and `evaluate`"),),
                )


def _is_of_model(method: Function) -> bool:
    return method.owner is not None and kinds.of_class(method.owner) == "model"


def _trained_on(program: Program) -> Iterator[tuple[Call, Value]]:
    """Each call that trains, with all the data that it goes through, if it is of one kind."""
    for fit in program.fits:
        x = fit.argument(0, "x")
        if x is not None:
            yield fit, x
    for gradients in program.training:
        call = gradients.call
        looped = {id(loop.iterable) for loop in call.context.loops if loop.iterable is not None}
        batches = [one for one in ancestors(gradients.target or call.result) if isinstance(one, Element)]
        sources = {id(data): data for one in batches if id(one.of) in looped for data in [dataset_behind(one.of)]}
        if len(sources) == 1:
            yield call, next(iter(sources.values()))


def _is_same_step(call: Call, other: Call) -> bool:
    """Whether two calls train one model: by one line of the program, or by `fit` of the same object."""
    if call.op == other.op == "keras.Model.fit":
        return call.receiver is other.receiver
    return call is not other and call.site == other.site


def _step_over(call: Call, data: Value) -> Site:
    """Where the loop over the data asks for the step that trains."""
    loops = [loop for loop in call.context.loops if loop.iterable is not None and dataset_behind(loop.iterable) is data]
    depth = call.context.loops.index(loops[0]) + 1 if loops else 0
    inside = [frame for frame in call.context.frame.stack() if frame.loops >= depth and frame.call_site is not None]
    outermost = inside[-1].call_site if loops and inside else None
    return outermost or call.site
