"""Watches `tf.GradientTape`: opened, closed, asked, and what came back."""

import contextlib
from typing import Any

import tensorflow as tf

from tapelint.probe.child.gradients import kind_of, mean_size, norm
from tapelint.probe.child.identities import is_trainable, is_variable, name_of
from tapelint.probe.child.snapshot import Snapshot, array
from tapelint.probe.child.tapes import Tape
from tapelint.probe.child.witness import Witness, patch
from tapelint.record import GradientCall, Source, Tensor


def install(witness: Witness) -> None:
    """Put the wrappers in place."""
    patch(tf.GradientTape, "__enter__", lambda original: _enter(witness, original))
    patch(tf.GradientTape, "__exit__", lambda original: _exit(witness, original))
    patch(tf.GradientTape, "gradient", lambda original: _gradient(witness, original))
    for name in ("jacobian", "batch_jacobian"):
        patch(tf.GradientTape, name, lambda original: _jacobian(witness, original))


def _enter(witness: Witness, original: Any) -> Any:
    def enter(tape: Any) -> Any:
        if witness.quiet:
            return original(tape)
        if witness.fit is None and tf.executing_eagerly():
            witness.budget.tape()
        result = original(tape)
        own = witness.sites.own()
        with witness.attention():
            witness.tapes.opened(tape, witness.sites.here(), witness.in_function, own)
            if own:
                witness.follower.opened(tape)
        return result

    return enter


def _exit(witness: Witness, original: Any) -> Any:
    def leave(tape: Any, kind: Any, value: Any, traceback: Any) -> Any:
        if witness.quiet:
            return original(tape, kind, value, traceback)
        with witness.attention():
            witness.tapes.closed(tape, broken=kind is not None)
            witness.follower.closed(tape)
        return original(tape, kind, value, traceback)

    return leave


def _jacobian(witness: Witness, original: Any) -> Any:
    def jacobian(tape: Any, *arguments: Any, **keywords: Any) -> Any:
        witness.tapes.asked(tape)
        return original(tape, *arguments, **keywords)

    return jacobian


def _gradient(witness: Witness, original: Any) -> Any:
    def gradient(
        tape: Any,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = tf.UnconnectedGradients.NONE,
    ) -> Any:
        if witness.quiet:
            return original(tape, target, sources, output_gradients, unconnected_gradients)
        known = witness.tapes.asked(tape)
        recording = bool(getattr(tape, "_recording", False))
        own = witness.sites.own()
        on_the_way = witness.follower.tensors(tape, sources) if own and output_gradients is None else []
        asked = (sources, on_the_way) if on_the_way else sources
        result = original(tape, target, asked, output_gradients, unconnected_gradients)
        result, flows = result if on_the_way else (result, [])
        witness.budget.gradient()
        witness.feeds.gradient()
        with witness.attention():
            _note(
                witness,
                known,
                (target, sources, result),
                persistent=bool(getattr(tape, "_persistent", False)),
                recording=recording,
                weighted=output_gradients is not None,
                own=own,
            )
            if own and output_gradients is None and tf.executing_eagerly():
                number = witness.scribe.given("gradients")
                witness.follower.asked(tape, number, target, (sources, result), (on_the_way, flows))
        return result

    return gradient


def _note(
    witness: Witness,
    known: Tape,
    asked: tuple[Any, Any, Any],
    *,
    persistent: bool,
    recording: bool,
    weighted: bool,
    own: bool,
) -> None:
    number = witness.scribe.number("gradients")
    targets, flat, given = (tf.nest.flatten(part) for part in asked)
    symbolic = not all(hasattr(value, "numpy") for value in targets) or not tf.executing_eagerly()
    entries = [_source(witness, source, gradient, symbolic) for source, gradient in zip(flat, given, strict=False)]
    witness.gradients.remember(
        number, [(entry.variable, entry.name, gradient) for entry, gradient in zip(entries, given, strict=False)]
    )
    call = GradientCall(
        number=number,
        where=witness.sites.here(),
        direct=own,
        fit=witness.fit,
        in_function=witness.in_function,
        symbolic=symbolic,
        persistent=persistent,
        recording=recording,
        weighted=weighted,
        targets=tuple(_tensor(value) for value in targets),
        loss=None if symbolic else _mean(targets),
        sources=tuple(entries),
        compared=sum(entry.unchanged is not None for entry in entries),
        calls=tuple(known.calls),
    )
    witness.scribe.put("gradients", call)
    held = witness.gradients.age(call, given)
    if held is not None:
        witness.scribe.put("gradients", held)


def _source(witness: Witness, source: Any, gradient: Any, symbolic: bool) -> Source:
    number = witness.identities.number(source)
    kind, greatest = kind_of(gradient)
    unchanged = moved = None
    if is_variable(source) and not symbolic:
        now, before = Snapshot(source), witness.gradients.values.get(number)
        witness.gradients.values[number] = now
        if before is not None:
            unchanged, moved = before.same(now), before.moved(now)
    return Source(
        variable=number,
        name=name_of(source),
        is_variable=is_variable(source),
        trainable=is_trainable(source),
        gradient=kind,
        largest=greatest,
        unchanged=unchanged,
        moved=moved,
        size=mean_size(gradient),
        rank=_rank(source),
        norm=norm(gradient),
    )


def _rank(source: Any) -> int | None:
    # What is no tensor has no shape, and one whose rank nobody knows no length.
    with contextlib.suppress(AttributeError, TypeError, ValueError):
        return len(source.shape)
    return None


def _tensor(value: Any) -> Tensor:
    shape = getattr(value, "shape", None)
    known = shape is not None and getattr(shape, "rank", 0) is not None
    dtype = getattr(value, "dtype", type(value).__name__)
    return Tensor(
        tuple(None if size is None else int(size) for size in shape) if known and shape is not None else (),
        str(getattr(dtype, "name", dtype)),
    )


def _mean(targets: list[Any]) -> float | None:
    values = [array(value) for value in targets]
    if not values or any(value.dtype.kind not in "fiub" and value.dtype.name != "bfloat16" for value in values):
        return None
    return float(sum(value.astype("float64").mean() for value in values if value.size))
