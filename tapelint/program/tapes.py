"""Tapes: which calls ask them for gradients, what they record, and what becomes of the gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeGuard

from tapelint.program import kinds
from tapelint.program.provenance import ancestors, choices, context_of
from tapelint.program.questions import asked_once
from tapelint.program.trace import Call, Context
from tapelint.program.values import (
    VARIABLE_LISTS,
    Attribute,
    Choice,
    Computed,
    Display,
    Element,
    Instance,
    Item,
    Mapping,
    Result,
    Value,
    alternatives,
    is_none,
)
from tapelint.program.wrappers import APPLIES_GRADIENTS, TAKES_STEP

ASKING = frozenset({"gradient", "jacobian", "batch_jacobian"})
APPLYING = frozenset({"apply_gradients", "apply", "minimize", "scatter_sub", "scatter_add", "scatter_nd_sub"})
ASSIGNING = frozenset({"assign", "assign_sub", "assign_add"})

_LISTING = frozenset({"builtins.list", "builtins.tuple", "builtins.sorted", "builtins.reversed"})

# Lists of the variables of more owners than this are not told apart.
_MOST_OWNERS = 64

Fate = Literal["applied", "escaped", "differentiated", "displayed", "dead"]
_RANK: dict[Fate, int] = {"dead": 0, "displayed": 1, "differentiated": 2, "escaped": 3, "applied": 4}

_DISPLAYING = (
    "builtins.print", "builtins.display", "IPython.display.", "tensorflow.print", "tensorflow.summary.", "logging.",
    "pprint.", "matplotlib.",
)  # fmt: skip
# Functions that change a variable they are given, and those that keep or test what they are given.
_WRITING = (
    "keras.backend.set_value", "keras.backend.batch_set_value", "keras.backend.update", "tensorflow.raw_ops.",
    "tensorflow.compat.v1.assign", "tensorflow.compat.v1.scatter", "tensorflow.assign", "tensorflow.scatter_",
)  # fmt: skip
_KEEPING = (
    "numpy.testing.", "numpy.save", "tensorflow.io.", "tensorflow.saved_model.", "tensorflow.debugging.assert",
    "tensorflow.assert", "tensorflow.Assert", "tensorflow.test.",
)  # fmt: skip
_PURE = (
    "tensorflow.", "keras.ops.", "keras.backend.", "numpy.", "builtins.", "keras.losses.", "itertools.", "math.",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Parameters:
    """Variables of one owner: `root.trainable_variables`, or a part of them when `partial`."""

    root: Value
    selector: str
    partial: bool = False


def tapes_behind(value: Value) -> list[Instance]:
    """The tapes that `value` may be; a wrapper such as a distributed tape stands for the tape it was given."""
    found: list[Instance] = []
    for option in alternatives(value):
        if isinstance(option, Instance) and kinds.of(option) == "tape":
            found.append(option)
        elif isinstance(option, Result):
            found.extend(tape for argument in option.call.arguments for tape in tapes_behind(argument))
    return found


@asked_once
def parameters_of(value: Value) -> list[Parameters] | None:
    """The variables in a list of sources, owner by owner; None when some are no model's variables or cannot be told."""
    match value:
        case Attribute(of=root, name=name) if name in VARIABLE_LISTS:
            return [Parameters(root, name)]
        case Computed(operator="+", parts=parts):
            return _joined([parameters_of(part) for part in parts])
        case Display(items=items) if items:
            return _joined([parameters_of(each.of if _is_spread(each) else each) for each in items])
        case Mapping(entries=entries, open=False) if entries:
            return _joined([parameters_of(entry) for entry in entries.values()])
        case Item(of=of) | Element(of=of):
            inner = parameters_of(of)
            return [Parameters(each.root, each.selector, partial=True) for each in inner] if inner is not None else None
        case Attribute(of=of, name="kernel" | "bias" | "gamma" | "beta" | "embeddings"):
            return [Parameters(of, "trainable_variables", partial=True)]
        case Result(call=call) if call.op in _LISTING and call.arguments:
            return parameters_of(call.arguments[0])
        case Instance() if kinds.of(value) == "variable":
            return [Parameters(value, "itself")]
        case Choice():
            options = [option for option in alternatives(value) if not is_none(option)]
            return _joined([parameters_of(option) for option in options]) if options else None
    return None


def _is_spread(value: Value) -> TypeGuard[Element]:
    """Whether `value` stands in a list for all elements of another."""
    return isinstance(value, Element) and value.every


def _joined(parts: list[list[Parameters] | None]) -> list[Parameters] | None:
    if any(part is None for part in parts) or sum(len(part or ()) for part in parts) > _MOST_OWNERS:
        return None
    return [each for part in parts for each in part or ()]


@dataclass(frozen=True, slots=True, eq=False)
class Gradients:
    """One request for gradients: `tape.gradient(target, sources)`."""

    call: Call
    tapes: list[Instance]

    @property
    def target(self) -> Value | None:
        return self.call.argument(0, "target")

    @property
    def sources(self) -> Value | None:
        return self.call.argument(1, "sources")

    @property
    def parameters(self) -> list[Parameters] | None:
        return parameters_of(self.sources) if self.sources is not None else None

    @property
    def first_order(self) -> bool:
        """Whether this is a plain gradient, neither seeded from outside nor taken while another tape records."""
        seeded = "output_gradients" in self.call.keywords or len(self.call.arguments) > 2
        others = [tape for tape in active_tapes(self.call) if tape not in self.tapes]
        return self.call.method == "gradient" and not seeded and not others

    @property
    def of_this_course(self) -> bool:
        """Whether the tapes are made in the course of events that asks them: what is passed in was there before."""
        asking = [*self.call.context.frame.stack()][-1]
        makings = [tape.call for tape in self.tapes]
        return all(call is not None and [*call.context.frame.stack()][-1] is asking for call in makings)

    def records(self, value: Value) -> bool | None:
        """Whether one of the tapes recorded the operation that made `value`; None when no operation did."""
        context = context_of(value)
        return None if context is None else self.covers(context)

    def records_call(self, call: Call) -> bool:
        """Whether `call` happens while one of the tapes records."""
        return self.covers(call.context)

    def covers(self, context: Context) -> bool:
        """Whether one of the tapes records in these surroundings."""
        return not context.paused and any(
            tape in tapes_behind(each) for each in context.managers for tape in self.tapes
        )


def active_tapes(call: Call) -> list[Instance]:
    """The tapes that record when `call` happens."""
    if call.context.paused:
        return []
    return [tape for manager in call.context.managers for tape in tapes_behind(manager)]


def fate(value: Value) -> Fate:
    """What becomes of `value` in the end: the most that any of its uses makes of it."""
    result: Fate = "dead"
    seen: set[int] = set()
    pending: list[Value] = [value]
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        for use in one.uses:
            found: Fate | Value | None = None
            match use.kind:
                case "returned" | "yielded" | "stored":
                    found = "escaped"
                case "displayed":
                    found = "displayed"
                case "tested":
                    # Whoever tests it wants to know something, and not to train.
                    found = "escaped"
                case "operand" if isinstance(use.by, Value):
                    found = use.by
                case "argument" if isinstance(use.by, Call):
                    found = _passed(use.by)
                case "receiver" if isinstance(use.by, Call):
                    found = _asked(use.by)
            if isinstance(found, Value):
                pending.append(found)
            elif found is not None and _RANK[found] > _RANK[result]:
                result = found
    return result


def _passed(call: Call) -> Fate | Value:
    """What becomes of an argument."""
    op, method = call.op or "", call.method
    if method in APPLYING or method in ASSIGNING or op in (APPLIES_GRADIENTS, TAKES_STEP):
        return "applied"
    if method in ASKING:
        return "differentiated"
    if op.startswith(_DISPLAYING) or op.startswith("keras.Metric."):
        return "displayed"
    if op.startswith(_WRITING):
        return "applied"
    if op.startswith(_KEEPING) or op in (
        "builtins.setattr",
        "builtins.exec",
        "tensorflow.py_function",
        "tensorflow.numpy_function",
    ):
        return "escaped"
    if op.startswith("tensorflow.Variable."):
        return "applied"
    if op == "tensorflow.Variable" or not op:
        # A list that takes it in keeps it as its item.
        if method in ("append", "extend", "add", "insert") and isinstance(call.receiver, Display):
            return call.receiver
        return "escaped"
    if op.startswith(_PURE) and not op.startswith("tensorflow.distribute."):
        return call.result
    return "escaped"


def _asked(call: Call) -> Fate | Value:
    """What becomes of a value whose method is called."""
    if call.method in ASSIGNING or call.method in APPLYING:
        return "escaped"
    return call.result


def gradient_behind(value: Value) -> list[Call]:
    """The gradient requests that `value` was computed from, through any transformation."""
    return [
        one.call for one in ancestors(value, _is_no_gradient) if isinstance(one, Result) and one.call.method in ASKING
    ]


def _is_no_gradient(value: Value) -> bool:
    return not (isinstance(value, Result) and value.call.method in ASKING)


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """One `apply_gradients` or `apply`, or one turn of an update by hand: what is paired with what, as far as seen."""

    call: Call

    @property
    def pairs(self) -> Value | None:
        return self.call.argument(0, "grads_and_vars") or self.call.argument(0, "grads")

    @property
    def requests(self) -> list[Call]:
        """The gradient requests that the gradients come from."""
        pair = self.paired()
        return gradient_behind(pair[0]) if pair is not None else []

    @property
    def parameters(self) -> list[Parameters] | None:
        """The variables that are updated, owner by owner."""
        pair = self.paired()
        return parameters_of(pair[1]) if pair is not None else None

    def paired(self) -> tuple[Value, Value] | None:
        """(gradients, variables) of a well-formed update."""
        if self.call.method in ASSIGNING:
            return _paired_by_hand(self.call)
        if self.call.method == "apply":
            gradients, variables = self.call.argument(0, "grads"), self.call.argument(1, "trainable_variables")
            return (gradients, variables) if gradients is not None and variables is not None else None
        return zipped(self.pairs) if self.pairs is not None else None


def _paired_by_hand(call: Call) -> tuple[Value, Value] | None:
    """The lists behind `for variable, gradient in zip(variables, gradients): variable.assign_sub(…)`."""
    variable, step = call.receiver, call.argument(0)
    if step is None or not isinstance(variable, Element) or not gradient_behind(step):
        return None
    variables = _list_of(variable, step)
    return (step, variables) if variables is not variable else None


def zipped(value: Value) -> tuple[Value, Value] | None:
    """The two lists behind `zip(a, b)`, a list of it, or a comprehension of pairs."""
    options = alternatives(value)
    if len(options) != 1:
        return None
    match options[0]:
        case Result(call=call) if call.op == "builtins.zip" and len(call.arguments) == 2 and not call.spread:
            return call.arguments[0], call.arguments[1]
        case Result(call=call) if call.op in ("builtins.list", "builtins.tuple") and call.arguments:
            return zipped(call.arguments[0])
        case Display(items=[Display(kind="tuple", items=[gradient, variable])]):
            return gradient, _list_of(variable, gradient)
    return None


def _list_of(variable: Value, gradient: Value) -> Value:
    """The list that a comprehension takes `variable` from, if `gradient` comes from another list turn by turn."""
    if isinstance(variable, Element) and any(
        isinstance(one, Element) and one.site == variable.site and one is not variable for one in ancestors(gradient)
    ):
        return variable.of
    return variable


def choices_of_root(root: Value) -> list[Value]:
    """The objects whose variables are meant; an owner that is itself unknown stands for itself."""
    return [option for option in alternatives(root) if not is_none(option)] or list(choices(root))
