"""Checks of updates: do the gradients reach the variables they belong to?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard

from tapelint.checks.registry import check
from tapelint.checks.repairs import Repair
from tapelint.checks.report import Report, Reports
from tapelint.checks.update_repairs import list_of, pair_with_sources, swap_zip, zip_with_sources
from tapelint.checks.wording import argument
from tapelint.program import kinds
from tapelint.program.arrays import integer_of
from tapelint.program.models import related, sensitive_parts
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors, choices, is_operation, made_by
from tapelint.program.tapes import (
    ASKING,
    Gradients,
    Parameters,
    Update,
    gradient_behind,
    parameters_of,
    tapes_behind,
)
from tapelint.program.trace import Call, Context
from tapelint.program.values import (
    Attribute,
    Class,
    Computed,
    Constant,
    Display,
    Function,
    Instance,
    Item,
    Library,
    Parameter,
    Result,
    SliceValue,
    Unknown,
    Value,
    alternatives,
)

_TRAINABLE = frozenset({"trainable_variables", "trainable_weights"})
_SYNCHRONIZING = frozenset({"set_weights", "assign", "load_weights", "load_state_dict"})
_CONSUMING = frozenset(
    {"builtins.list", "builtins.tuple", "builtins.sorted", "builtins.dict", "builtins.sum", "builtins.max"}
)


@check
def update_variables_mismatch(program: Program) -> Reports:
    for update in (*program.updates, *_updates_by_hand(program)):
        pair = update.paired()
        if pair is None:
            continue
        gradients, variables = pair
        request = _only_request(gradients)
        if request is None or not request.first_order:
            continue
        sources = _matching_sources(request, gradients)
        reason = _mismatch(program, update.call, gradients, sources, variables) if sources is not None else None
        if reason is not None:
            taken = argument(program, request.call, 1, "sources") or "other variables"
            yield Report(
                update.call.site,
                f"gradients of `{taken}` update {_spelled_variables(program, update)}: {reason}",
                ((request.call.site, "the gradients are computed here"),),
                fix=pair_with_sources(program, request.call, update.call) if _is_whole(gradients) else None,
            )


def _updates_by_hand(program: Program) -> Iterator[Update]:
    """Where a variable is moved against a gradient without an optimizer."""
    for call in program.trace.calls:
        step = call.argument(0)
        if call.method == "assign_sub" or (
            call.method == "assign"
            and isinstance(step, Computed)
            and step.operator == "-"
            and step.parts[0] is call.receiver
        ):
            yield Update(call)


def _spelled_variables(program: Program, update: Update) -> str:
    """The user's spelling of the variables that an update is given."""
    pairs = update.pairs
    text = None
    if isinstance(pairs, Result) and update.call.method == "apply_gradients":
        zipped = pairs.call if pairs.call.op == "builtins.zip" else made_by(pairs.call.arguments[0])
        text = argument(program, zipped, 1) if zipped is not None else None
    return f"`{text}`" if text is not None else "other variables"


def _is_whole(gradients: Value) -> bool:
    """Whether these are all gradients of a request, in their order."""
    return not any(isinstance(one, Item) and isinstance(one.index, SliceValue) for one in ancestors(gradients))


def _only_request(gradients: Value) -> Gradients | None:
    """The one gradient request that `gradients` come from, untouched but for elementwise changes."""
    calls = gradient_behind(gradients)
    if len(calls) != 1 or calls[0].receiver is None:
        return None
    tapes = tapes_behind(calls[0].receiver)
    return Gradients(calls[0], tapes) if tapes else None


def _matching_sources(request: Gradients, gradients: Value) -> Value | None:
    """The sources that `gradients` stand for: all of them, or one of several lists."""
    for one in ancestors(gradients, lambda value: value is not request.call.result):
        if isinstance(one, Item) and isinstance(one.index, SliceValue):
            return None
        if isinstance(one, Item) and one.of is request.call.result:
            number = integer_of(one.index)
            if not isinstance(request.sources, Display) or number is None:
                return None
            return request.sources.items[number] if number < len(request.sources.items) else None
    return request.sources


def _mismatch(program: Program, update: Call, gradients: Value, sources: Value, variables: Value) -> str | None:
    """What the gradients of `sources` update instead; None when they meet their own variables or it cannot be told."""
    if len(alternatives(sources)) != 1 or len(alternatives(variables)) != 1 or sources is variables:
        return None
    taken, given = parameters_of(sources), parameters_of(variables)
    if not taken or not given or any(_is_reversed(one) for one in ancestors(gradients, _is_no_request)):
        return None
    if all(each.selector == "itself" for each in (*taken, *given)):
        return _swapped(taken, given)
    if any(each.selector == "itself" for each in (*taken, *given)):
        return None
    if _is_reversed(variables) != _is_reversed(sources):
        return "in another order"
    if _skips_first(variables) and variables.of is sources:
        return "the first gradients meet later ones"
    if any(each.partial for each in (*taken, *given)):
        return None
    if len(taken) == len(given) and all(_same(a, b) for a, b in zip(taken, given, strict=True)):
        return _other_selection(taken, given)
    if len(taken) == len(given) > 1 and all(any(_same(a, b) for b in given) for a in taken):
        return "in another order"
    if all(distinct(program, a, b) for a in taken for b in given) and not (
        _synchronized(program, taken, given) or _is_renewed(program, given, update)
    ):
        return "another model's"
    return None


def _is_no_request(value: Value) -> bool:
    return not (isinstance(value, Result) and value.call.method in ASKING)


def _swapped(taken: list[Parameters], given: list[Parameters]) -> str | None:
    """Whether two lists name the same variables in different places."""
    if {id(each.root) for each in taken} != {id(each.root) for each in given} or len(taken) != len(given):
        return None
    return None if all(_same(a, b) for a, b in zip(taken, given, strict=True)) else "in another order"


def _same(left: Parameters, right: Parameters) -> bool:
    return left.root is right.root


def distinct(program: Program, left: Parameters, right: Parameters) -> bool:
    """Whether two owners are surely different objects."""
    if isinstance(left.root, Instance) and isinstance(right.root, Instance):
        return left.root is not right.root and not related(left.root, right.root)
    if isinstance(left.root, Parameter) and isinstance(right.root, Parameter):
        return left.root.site != right.root.site
    if isinstance(left.root, Result) and isinstance(right.root, Result):
        return left.root.call.site != right.root.call.site and _differentiated_apart(program, left.root, right.root)
    return (
        isinstance(left.root, Attribute)
        and isinstance(right.root, Attribute)
        and left.root.of is right.root.of
        and left.root.name != right.root.name
    )


def _differentiated_apart(program: Program, left: Value, right: Value) -> bool:
    """Whether one function asks for the gradients of both, one by one: nobody does that of one and the same model."""
    functions: dict[int, set[Function | None]] = {id(left): set(), id(right): set()}
    for gradients in program.gradients:
        parameters = gradients.parameters or []
        if len(parameters) == 1 and id(parameters[0].root) in functions:
            functions[id(parameters[0].root)].add(gradients.call.context.frame.function)
    return bool(functions[id(left)] & functions[id(right)])


def _other_selection(taken: list[Parameters], given: list[Parameters]) -> str | None:
    for a, b in zip(taken, given, strict=True):
        if (a.selector in _TRAINABLE) != (b.selector in _TRAINABLE) and sensitive_parts(a.root):
            return "another list"
    return None


def _is_reversed(value: Value) -> bool:
    match value:
        case Item(index=SliceValue(step=Constant(value=-1))):
            return True
        case Result(call=call) if call.op == "builtins.reversed":
            return True
        case Result(call=call) if call.op in ("builtins.list", "builtins.tuple") and call.arguments:
            return _is_reversed(call.arguments[0])
    return False


def _skips_first(value: Value) -> TypeGuard[Item]:
    """Whether `value` is a slice that leaves out the first items."""
    if not isinstance(value, Item) or not isinstance(value.index, SliceValue):
        return False
    return value.index.lower is not None and integer_of(value.index.lower) != 0


def _synchronized(program: Program, taken: list[Parameters], given: list[Parameters]) -> bool:
    """Whether the owner of the gradients gets its weights from elsewhere, as a worker does from a server."""
    workers, servers = ([id(each.root) for each in owners] for owners in (taken, given))
    for call in program.trace.calls:
        if call.method in _SYNCHRONIZING and call.receiver is not None:
            moved = any(gradient_behind(argument) for argument in call.arguments)
            if not moved and any(id(one) in workers for one in ancestors(call.receiver)):
                return True
        if isinstance(call.callee, Class) and kinds.is_made_in_view(call.callee):
            continue
        if (call.op is None and call.method is None) or (call.op or "").endswith(".map_structure"):
            # Who is given both may copy, as far as can be seen.
            passed = {id(one) for argument in call.arguments for one in ancestors(argument, _is_no_result)}
            if passed.intersection(workers) and passed.intersection(servers):
                return True
    return False


def _is_renewed(program: Program, given: list[Parameters], update: Call) -> bool:
    """Whether the updated model gets its weights from elsewhere each time just before: it is a copy to try on."""
    copies = [id(each.root) for each in given]
    return any(
        call.method in ("set_weights", "load_weights")
        and call.order < update.order
        and call.context.loops == update.context.loops
        and _leads_to(call.context, update.context)
        and call.receiver is not None
        and any(id(option) in copies for option in alternatives(call.receiver))
        for call in program.trace.calls
    )


def _is_no_result(value: Value) -> bool:
    return not isinstance(value, Result)


@check
def malformed_apply(program: Program) -> Reports:
    for update in program.updates:
        if update.call.method != "apply_gradients" or update.pairs is None or _is_strange(update.call.receiver):
            continue
        problem = _malformed(program, update)
        if problem is not None:
            yield Report(update.call.site, problem, fix=_reformed(program, update))


def _reformed(program: Program, update: Update) -> Repair | None:
    """Pairs of gradients and variables, where it is plain what they are."""
    pairs = update.pairs
    assert pairs is not None
    if all(_bare_gradients(option) for option in alternatives(pairs)):
        requests = gradient_behind(pairs)
        return zip_with_sources(program, requests[0], update.call) if len(requests) == 1 else None
    if isinstance(pairs, Result) and pairs.call.op == "builtins.zip":
        if not _exhausted(pairs, update.call):
            return swap_zip(program, update.call)
        return list_of(pairs.call) if pairs.call.site.module is update.call.site.module else None
    return None


def _is_strange(optimizer: Value | None) -> bool:
    """Whether an optimizer comes from out of view, where `apply_gradients` may mean something else."""
    return optimizer is None or any(
        isinstance(one, (Result, Library, Unknown)) and kinds.of(one) != "optimizer" for one in choices(optimizer)
    )


def _malformed(program: Program, update: Update) -> str | None:
    pairs = update.pairs
    assert pairs is not None
    given = argument(program, update.call, 0, "grads_and_vars")
    what = f"`{given}`" if given is not None else "its argument"
    if all(_bare_gradients(option) for option in alternatives(pairs)):
        return f"the update raises: {what} holds gradients without their variables, not pairs"
    if isinstance(pairs, Display) and len(pairs.items) == 2 and _bare_gradients(pairs.items[0]):
        return f"the update raises: {what} is a pair of lists, not a list of pairs"
    pair = update.paired()
    if pair is not None and parameters_of(pair[0]) and gradient_behind(pair[1]) and not gradient_behind(pair[0]):
        return f"the update raises: in {what} the variables come first, and the gradients must"
    if _exhausted(pairs, update.call):
        return f"the update gets nothing: {what} is a `zip` that is used up"
    return None


def _bare_gradients(value: Value) -> bool:
    """Whether `value` is the very list of gradients, maybe clipped, rather than pairs."""
    match value:
        case Result(call=call) if call.method in ASKING and call.receiver is not None:
            return bool(tapes_behind(call.receiver))
        case Item(of=Result(call=call), index=Constant(value=0)) if call.op == "tensorflow.clip_by_global_norm":
            return bool(gradient_behind(value))
        case Display(kind="list", items=items) if items:
            # A list of tensors, each computed from gradients.
            return all(is_operation(item) and gradient_behind(item) for item in items)
    return False


def _exhausted(pairs: Value, apply: Call) -> bool:
    """Whether `pairs` is a zip object that something has gone through before, or that an earlier turn used up."""
    if not isinstance(pairs, Result) or pairs.call.op != "builtins.zip":
        return False
    if len(apply.context.loops) > len(pairs.call.context.loops) and apply.context.frame is pairs.call.context.frame:
        return True
    for use in pairs.uses:
        match use.by:
            case Call() as call if (
                call.order < apply.order
                and call.site != apply.site
                and (
                    call.op in _CONSUMING
                    or (call.method == "apply_gradients" and _leads_to(call.context, apply.context))
                )
            ):
                return True
    return any(
        use.kind == "iterated" and isinstance(use.by, Computed) and _comes_before(use.by, apply) for use in pairs.uses
    )


def _comes_before(loop: Computed, apply: Call) -> bool:
    """Whether a loop stands before a call, and not in a branch that the call is not in."""
    earlier = loop.site.module is apply.site.module and loop.site.node < apply.site.node
    return earlier and _leads_to(loop.context, apply.context)


def _leads_to(earlier: Context, later: Context) -> bool:
    """Whether whoever comes by the later place has come by the earlier one."""
    return earlier.branches == later.branches[: len(earlier.branches)]
