"""Checks of gradients that may not be numbers: a division by zero, or a logarithm of it, on the way back."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from operator import is_

from tapelint.checks.registry import check
from tapelint.checks.repairs import Repair, Replace
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import quoted
from tapelint.program.objectives import given_to_compile
from tapelint.program.outputs import PROBABILITIES, head_of
from tapelint.program.paths import Goal, passing, sources_of, way_back
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors, site_of
from tapelint.program.spelling import spelling
from tapelint.program.values import Computed, Constant, Result, Site, Value, alternatives
from tapelint.syntax import tree

_CHOOSING = frozenset({"tensorflow.where", "keras.ops.where"})
_LOGARITHMS = frozenset(
    {"tensorflow.math.log", "keras.ops.log", "keras.ops.log2", "keras.ops.log10", "keras.backend.log"}
)
_DIVIDING = frozenset(
    {"tensorflow.divide", "tensorflow.math.divide", "tensorflow.truediv", "tensorflow.math.truediv", "keras.ops.divide",
     "keras.ops.true_divide"}
)  # fmt: skip
_COMPARING = frozenset({">", "<", ">=", "<=", "==", "!="})
_COMPARISONS = ("greater", "less", "equal", "not_equal", "greater_equal", "less_equal")
_COMBINING = ("logical_and", "logical_or", "logical_not")

# A number this small in a comparison stands for zero.
_SMALL = 1e-3


@check
def nan_prone_gradient(program: Program) -> Reports:
    for start, goal in _starts(program):
        for value in passing(start):
            if isinstance(value, Result) and value.call.op in _CHOOSING:
                for unsafe in _unsafe_under(value, goal):
                    yield _unprotected(program, value, unsafe)
            elif isinstance(value, Result) and value.call.op in _LOGARITHMS:
                probability = _bare_probability(value)
                if probability is not None and way_back([value], goal).reached:
                    yield _unbounded(program, value, *probability)


def _unbounded(program: Program, logarithm: Result, activation: str, limit: str) -> Report:
    what = quoted(program, logarithm.call.site, "the logarithm")
    return Report(
        logarithm.call.site,
        f"{what} of a {activation} that reaches {limit} is infinite: the gradients become NaN",
    )


def _starts(program: Program) -> Iterator[tuple[Value, Goal]]:
    """What is differentiated to train, and by what."""
    for gradients in program.training:
        if gradients.target is not None:
            yield gradients.target, sources_of(gradients)
    for objective in given_to_compile(program.trace):
        yield objective.returned, partial(is_, objective.prediction)


# A branch that is not taken, and yet differentiated


def _unsafe_under(where: Result, goal: Goal) -> Iterator[Value]:
    """The operations in the branches of a `where` that have no gradient just where the condition looks away."""
    condition = where.call.argument(0, "condition")
    guarded = list(_guarded(condition)) if condition is not None else []
    for branch in where.call.operands():
        if branch is condition:
            continue
        for value in passing(branch):
            zero = _must_not_be_zero(value)
            looked_at = zero is not None and any(_same_formula(zero, each) for each in guarded)
            if looked_at and way_back([value], goal).reached:
                yield value


def _guarded(condition: Value) -> Iterator[Value]:
    """What a condition compares with zero."""
    for one in ancestors(condition, _combines):
        pair = _compared(one)
        if pair is not None:
            left, right = pair
            if _is_zero(right):
                yield left
            elif _is_zero(left):
                yield right


def _combines(value: Value) -> bool:
    if isinstance(value, Computed):
        return value.operator in ("&", "|", "~")
    return isinstance(value, Result) and (value.call.op or "").endswith(_COMBINING)


def _compared(value: Value) -> tuple[Value, Value] | None:
    if isinstance(value, Computed) and value.operator in _COMPARING and len(value.parts) == 2:
        return value.parts[0], value.parts[1]
    if isinstance(value, Result) and (value.call.op or "").rpartition(".")[2] in _COMPARISONS:
        return (value.call.arguments[0], value.call.arguments[1]) if len(value.call.arguments) == 2 else None
    return None


def _is_zero(value: Value) -> bool:
    if isinstance(value, Constant):
        return isinstance(value.value, (int, float)) and abs(value.value) <= _SMALL
    return isinstance(value, Result) and (value.call.op or "").endswith((".zeros_like", ".zeros"))


def _must_not_be_zero(value: Value) -> Value | None:
    """The operand of an operation at whose zero there is no gradient."""
    match value:
        case Computed(operator="/", parts=(_, divisor)):
            return divisor
        case Computed(operator="**", parts=(base, Constant(value=float() as exponent))) if exponent < 1:
            return base
        case Result(call=call) if call.op in _DIVIDING and len(call.arguments) == 2:
            return call.arguments[1]
        case Result(call=call) if call.op in _LOGARITHMS and call.arguments:
            return call.arguments[0]
    return None


def _same_formula(left: Value, right: Value, depth: int = 4) -> bool:
    """Whether two values are one, or computed in the same way from the same."""
    if left is right:
        return True
    match left, right:
        case Constant(value=a), Constant(value=b):
            return type(a) is type(b) and a == b
        case Result(call=a), Result(call=b):
            same = a.op is not None and a.op == b.op and a.op != "forward" and a.keywords.keys() == b.keywords.keys()
        case Computed(operator=a), Computed(operator=b):
            same = a == b
        case _:
            return False
    parts = list(zip(left.operands(), right.operands(), strict=False))
    return same and depth > 0 and all(_same_formula(one, other, depth - 1) for one, other in parts)


def _unprotected(program: Program, where: Result, unsafe: Value) -> Report:
    site = site_of(unsafe)
    assert site is not None
    divides = isinstance(unsafe, Computed) and unsafe.operator == "/"
    what = quoted(program, site, "the division" if divides else "the operation")
    return Report(
        where.call.site,
        f"{what} is differentiated even where `where` takes the other branch: the gradients become NaN",
        ((site, "this has no gradient where the condition is there for"),),
        fix=_divide_safely(program, where, site),
    )


def _divide_safely(program: Program, where: Result, site: Site) -> Repair | None:
    """Dividing so that what is divided by zero is zero, and so is its gradient."""
    node = program.nodes(site.module)[site.node]
    function = spelling(site.module, "tensorflow.math.divide_no_nan")
    if not isinstance(node, tree.Binary) or node.operator != "/" or function is None:
        return None
    if site.module is not where.call.site.module:
        return None
    left, right = Site(site.module, node.left.id), Site(site.module, node.right.id)
    return Repair("divide by zero to zero", "unsafe", (Replace(site, (f"{function}(", left, ", ", right, ")")),))


# The logarithm of a probability


def _bare_probability(logarithm: Result) -> tuple[str, str] | None:
    """The last activation of a probability whose logarithm is taken as it is, and the number it must not reach."""
    given = logarithm.call.arguments[0] if logarithm.call.arguments else None
    if given is None:
        return None
    limit = "0"
    if isinstance(given, Computed) and given.operator == "-" and isinstance(given.parts[0], Constant):
        if given.parts[0].value != 1 or len(given.parts) != 2:
            return None
        given, limit = given.parts[1], "1"
    heads = [head_of(option) if _is_untouched(option) else None for option in alternatives(given)]
    names = {head.activation if head is not None else None for head in heads}
    name = names.pop() if len(names) == 1 else None
    return (name, limit) if name in PROBABILITIES else None


def _is_untouched(value: Value) -> bool:
    """Whether this is what a model or an activation gives, and nothing was done to it."""
    return isinstance(value, Result) and (
        value.call.op == "forward" or (value.call.op or "").rpartition(".")[2] in PROBABILITIES
    )
