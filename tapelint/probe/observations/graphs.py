"""Observations about functions that are compiled: what they are traced for, and what of them runs only then."""

from collections.abc import Sequence

from tapelint.finding import Place, Verdict
from tapelint.probe.observations.exceptions import raises
from tapelint.probe.observations.registry import late, observation, observation_of_graphs
from tapelint.probe.observations.scenes import unreached
from tapelint.probe.observations.wording import counted
from tapelint.probe.scene import Scene, only, same_file
from tapelint.record import Function, PythonCall

FEW = 2
"""So many traces are no sign that there will be more."""

_SWITCHES = ("run_functions_eagerly", "run_eagerly")
_DRAWING = ("numpy.random.", "random.", "time.")


@observation
def traced_for_values(scene: Scene) -> Verdict:
    """A function was called with one Python number after another, each of which needs a graph of its own."""
    functions = _functions(scene)
    if not functions:
        return unreached(scene.record)
    worst = max(functions, key=lambda function: function.values)
    calls = counted(worst.calls, "call")
    if worst.values > FEW:
        return Verdict("confirmed", f"{calls} of `{worst.name}` with {worst.values} different Python values")
    if worst.values > 1 or worst.calls <= FEW:
        return Verdict("unable", f"only {calls} of `{worst.name}`, with {counted(worst.values, 'Python value')}")
    return Verdict("refuted", f"{calls} of `{worst.name}`, all with the same Python values")


@observation_of_graphs
def traced_for_shapes(scene: Scene) -> Verdict:
    """A function was called with tensors of one shape after another, each of which needs a graph of its own."""
    functions = _functions(scene)
    if not functions:
        return unreached(scene.record)
    worst = max(functions, key=lambda function: function.shapes)
    calls = f"{counted(worst.calls, 'call')} of `{worst.name}`, with tensors of {counted(worst.shapes, 'form')}"
    traces = counted(worst.traces, "trace")
    if worst.shapes > FEW and worst.traces >= worst.shapes:
        return Verdict("confirmed", f"{calls}: {traces}")
    if worst.calls <= FEW:
        return Verdict("unable", f"only {calls}")
    return Verdict("refuted", f"{calls}: {traces}")


@observation
def function_made_again(scene: Scene) -> Verdict:
    """A `tf.function` was made again and again around one Python function."""
    functions = _functions(scene)
    if not functions:
        return unreached(scene.record)
    worst = max(functions, key=lambda function: function.objects)
    calls = counted(worst.calls, "call")
    if worst.objects > 1:
        return Verdict("confirmed", f"{calls} of `{worst.name}`, by {worst.objects} different `tf.function` objects")
    if worst.calls == 1:
        return Verdict("unable", f"only one call of `{worst.name}`")
    return Verdict("refuted", f"{calls} of `{worst.name}`, by one and the same `tf.function`")


@observation
def asked_for_eager(scene: Scene) -> Verdict:
    """The program asked for what would be compiled to be run eagerly."""
    asked = [call for call in scene.at(scene.record.python_calls) if call.name in _SWITCHES]
    if asked:
        return Verdict("confirmed", f"`{asked[0].name}` was asked for here")
    return unreached(scene.record)


@observation
def predicts_small_batches(scene: Scene) -> Verdict:
    """`predict` or `evaluate` was called again and again."""
    calls = [call for call in scene.near(scene.record.trainer_calls) if call.method in ("predict", "evaluate")]
    if not calls:
        return unreached(scene.record)
    call = max(calls, key=lambda call: call.times)
    if call.times <= FEW:
        return Verdict("unable", f"`{call.method}` was called only {counted(call.times, 'time')}")
    each = f"{1000 * call.seconds / call.times:.0f} ms each"
    what = f" for {counted(call.examples, 'example')}" if call.examples is not None else ""
    return Verdict("confirmed", f"`{call.method}` was called {call.times} times{what}, {each}")


@observation_of_graphs
def drawn_while_traced(scene: Scene) -> Verdict:
    """A number was drawn, or a clock read, while a function was traced, and not when the graph ran."""
    drawn = [call for call in scene.at(scene.record.python_calls) if call.name.startswith(_DRAWING)]
    if not drawn:
        return unreached(scene.record)
    return _once(scene, drawn)


@observation_of_graphs
def runs_while_traced(scene: Scene) -> Verdict:
    """`print` was given a tensor without a value while a function was traced, and was not called when the graph ran."""
    printed = [call for call in scene.at(scene.record.python_calls) if call.name == "print"]
    if not printed:
        return unreached(scene.record)
    if not any(call.symbolic for call in printed):
        return Verdict("refuted", "no tensor without a value was printed")
    return _once(scene, printed)


@observation_of_graphs
def raises_while_traced(scene: Scene) -> Verdict:
    """The program ended in an exception that came up while a function was traced."""
    return raises(scene)


def _once(scene: Scene, calls: Sequence[PythonCall]) -> Verdict:
    """Whether something ran while a function was traced, and not as often as the function."""
    times = sum(call.times for call in calls)
    if not all(call.traced for call in calls):
        return Verdict("refuted", f"it ran {counted(times, 'time')}, outside of any graph")
    around = _around(scene)
    called = max((function.calls for function in around), default=0)
    if called > times:
        whole = counted(called, "call")
        return Verdict("confirmed", f"it ran {counted(times, 'time')} in {whole}, while traced")
    if around:
        return Verdict("unable", f"it ran {counted(times, 'time')}, while traced, and the function no more often")
    return Verdict("confirmed", f"it ran {counted(times, 'time')}, while traced")


def _functions(scene: Scene) -> list[Function]:
    """The functions that the finding or its trail stands in; else the only one there is."""
    return _around(scene) or only(scene.record.functions, lambda _: True)


def _around(scene: Scene) -> list[Function]:
    places = [scene.finding.place, *(step.place for step in scene.finding.trail)]
    return [function for function in scene.record.functions if any(_holds(function, place) for place in places)]


def _holds(function: Function, place: Place) -> bool:
    """Whether a place is in the lines of a function."""
    where, span = function.where, place.span
    if where is None or where.cell != place.cell or not same_file(where.path, place.path):
        return False
    return span.start.line <= where.last and where.first <= span.end.line


@observation_of_graphs
@late
def object_ignored(scene: Scene) -> Verdict:
    """An optimizer that the program made was never applied, while a function went on with another."""
    made = [optimizer for optimizer in scene.record.optimizers if optimizer.own]
    idle = [optimizer for optimizer in made if not optimizer.applied]
    around = _around(scene)
    if not around or len(made) < FEW:
        return unreached(scene.record)
    if idle:
        calls = counted(around[0].calls, "call")
        return Verdict("confirmed", f"`{idle[0].kind}` was not applied in any of {calls} of `{around[0].name}`")
    return Verdict("refuted", f"each of {counted(len(made), 'optimizer')} was applied")
