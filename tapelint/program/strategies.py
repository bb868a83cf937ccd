"""Distribution: which strategies copy a model to several devices, and what runs in their scope or on their replicas."""

from __future__ import annotations

from tapelint.program.models import library_class
from tapelint.program.provenance import ancestors, made_by
from tapelint.program.trace import Call, Context, Trace
from tapelint.program.values import Display, Element, Instance, Item, Result, Value, alternatives

_COPYING = frozenset(
    f"tensorflow.distribute.{prefix}{name}"
    for prefix in ("", "experimental.")
    for name in ("MirroredStrategy", "MultiWorkerMirroredStrategy", "TPUStrategy", "CentralStorageStrategy")
)
RUN = "tensorflow.distribute.Strategy.run"
_RUNNING = frozenset({"run", "experimental_run_v2", "call_for_each_replica", "merge_call"})
_SCOPE = "tensorflow.distribute.Strategy.scope"
_DISTRIBUTING = frozenset(
    f"tensorflow.distribute.Strategy.{name}"
    for name in (
        "experimental_distribute_dataset",
        "distribute_datasets_from_function",
        "experimental_distribute_datasets_from_function",
        "experimental_distribute_values_from_function",
    )
)
_DISTRIBUTING_METHODS = frozenset(name.rpartition(".")[2] for name in _DISTRIBUTING)


def copies(strategy: Value | None) -> bool:
    """Whether a strategy surely keeps a copy of each variable on each of its devices."""
    options = alternatives(strategy) if strategy is not None else []
    return bool(options) and all(library_class(option) in _COPYING for option in options)


def has_several(strategy: Value | None) -> bool:
    """Whether a strategy copies, and is not plainly told to use one device only."""
    if strategy is None or not copies(strategy):
        return False
    for option in alternatives(strategy):
        devices = option.call.argument(0, "devices") if isinstance(option, Instance) and option.call else None
        if isinstance(devices, Display) and not devices.open and len(devices.items) < 2:
            return False
    return True


def scope_of(context: Context) -> Value | None:
    """The strategy whose scope something happens in."""
    for manager in context.managers:
        call = made_by(manager)
        if call is not None and call.op == _SCOPE:
            return call.receiver
    return None


def replica_run(trace: Trace, context: Context) -> Call | None:
    """The `strategy.run` that something happens in, once on each replica."""
    sites = {frame.call_site for frame in context.frame.stack() if frame.call_site is not None}
    for call in trace.calls:
        if call.method in _RUNNING and call.site in sites:
            return call
    return None


def undistributed(run: Call) -> list[Value]:
    """The datasets that a `strategy.run` takes its batches from as they are, not divided among the replicas."""
    given = run.argument(1, "args")
    found: dict[int, Value] = {}
    if given is None:
        return []
    for value in given.items if isinstance(given, Display) else (given,):
        dataset = _dataset_of(value, run)
        if dataset is not None:
            found[id(dataset)] = dataset
    return list(found.values())


def _dataset_of(value: Value, run: Call) -> Value | None:
    while isinstance(value, Item):
        value = value.of
    if not isinstance(value, Element) or not _is_plain(value.of) or _is_distributed(value.of):
        return None
    # What a loop goes through may be the distributed form of it.
    loops = [loop.iterable for loop in run.context.loops if loop.iterable is not None]
    around = [iterable for iterable in loops if any(one is value.of for one in ancestors(iterable))]
    return value.of if all(map(_is_plain, around)) else None


def _is_distributed(data: Value) -> bool:
    """Whether a dataset is given to a strategy, which divides it: it may be that what is taken from is the outcome."""
    return any(isinstance(use.by, Call) and (use.by.method or "") in _DISTRIBUTING_METHODS for use in data.uses)


def _is_plain(data: Value) -> bool:
    """Whether this is a dataset of `tf.data`, and no distributed one."""
    behind = [one.call.op or "" for one in ancestors(data) if isinstance(one, Result)]
    direct = made_by(data)
    plain = direct is not None and (direct.op or "").startswith(("tensorflow.data.", "builtins.enumerate"))
    return plain and not any(op in _DISTRIBUTING for op in behind)
