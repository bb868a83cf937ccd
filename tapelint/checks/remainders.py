"""Checks of the examples that no batch has room for."""

from __future__ import annotations

from tapelint.checks import trails
from tapelint.checks.feeding import is_stateful, keeps_order, quoted_data
from tapelint.checks.registry import check
from tapelint.checks.relinking import without_argument
from tapelint.checks.repairs import Repair, Replace
from tapelint.checks.report import Report, Reports
from tapelint.program.arrays import integer_of, order_of, size_of
from tapelint.program.feeds import Feed, feeds_behind, fixed_order, floor_division
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors
from tapelint.program.values import Computed, Display, Item, Result, Site, SliceValue, Value, alternatives
from tapelint.syntax import tree


@check
def remainder_dropped(program: Program) -> Reports:
    for _, feed in program.feeds:
        yield from _lost_in_training(program, feed)
    for evaluation in program.evaluations:
        for feed in feeds_behind([*evaluation.arguments, *evaluation.keywords.values()], evaluation):
            yield from _lost_in_training(program, feed)
            yield from _lost_in_evaluation(program, feed)
    for feed in program.scored:
        yield from _lost_in_evaluation(program, feed)


def _lost_in_training(program: Program, feed: Feed) -> Reports:
    """Whole batches only, of data that keeps its order: the same examples are left out every time."""
    if feed.keeps_tail is not False or _takes_only_full_batches(program):
        return
    if feed.pipeline is not None:
        rest, site = (feed.size or 0) % (feed.batch or 1), feed.site
        if not rest or not feed.epochs or not keeps_order(feed) or any(_redrawn(array) for array in feed.arrays):
            return
    elif feed.counter is not None:
        lost, site = _uncounted(feed), feed.counter.site
        if lost is None:
            return
        rest = lost
    else:
        return
    last = (
        f"its last {rest} of {feed.size} examples are" if rest and feed.size else "what follows the last full batch is"
    )
    message = f"{quoted_data(program, feed, feed.site)} is never seen to its end: {last} left out"
    yield Report(site, message, fix=_with_the_rest(program, feed))


def _with_the_rest(program: Program, feed: Feed) -> Repair | None:
    """The repair by which the last, smaller batch is used, too."""
    if feed.pipeline is not None and feed.pipeline.batch is not None:
        change = without_argument(program, feed.pipeline.batch, "drop_remainder")
        return Repair("use the last, smaller batch, too", "unsafe", (change,)) if change is not None else None
    return _rounded_up(program, feed.counter.arguments[-1]) if feed.counter is not None else None


def _rounded_up(program: Program, count: Value) -> Repair | None:
    """The repair by which `n // size` rounds up."""
    options = alternatives(count)
    if len(options) != 1 or not isinstance(options[0], Computed) or options[0].operator != "//":
        return None
    module = options[0].site.module
    node = program.nodes(module)[options[0].site.node]
    if not isinstance(node, tree.Binary):
        return None
    if not isinstance(node.left, (tree.Name, tree.Attribute, tree.Call, tree.Subscript, tree.Constant)):
        return None
    text = ("-(-", Site(module, node.left.id), " // ", Site(module, node.right.id), ")")
    return Repair("round the number of batches up", "unsafe", (Replace(options[0].site, text),))


def _takes_only_full_batches(program: Program) -> bool:
    """Whether replicas or states tied to the size of a batch cannot do with a smaller one."""
    return program.distributed or is_stateful(program)


def _uncounted(feed: Feed) -> int | None:
    """How many rows a loop over `n // size` batches leaves out, 0 for some; None if none, or others each time."""
    offsets = [cut.index.lower for cut in feed.slices]
    if feed.counter is None or any(_redrawn(one) for one in (*feed.arrays, *offsets) if one is not None):
        return None
    division = floor_division(feed.counter.arguments[-1])
    if division is None or _rest_is_taken(feed.counter.arguments[-1]) or any(map(_end_is_taken, feed.arrays)):
        return None
    size, batch = integer_of(division[0]) or feed.size, integer_of(division[1]) or feed.batch
    if size is not None and batch:
        return size % batch or None
    return 0 if _read_from_file(feed) and not any(map(_is_cut, feed.arrays)) else None


def _rest_is_taken(count: Value) -> bool:
    """Whether a slice begins where `count` batches end: the program sees to the rest by itself."""
    pending: list[tuple[Value, int]] = [(count, 0)]
    while pending:
        value, depth = pending.pop()
        for use in value.uses:
            if isinstance(use.by, SliceValue) and use.by.upper is None:
                return True
            if isinstance(use.by, (Computed, SliceValue)) and depth < 2:
                pending.append((use.by, depth + 1))
    return False


def _end_is_taken(array: Value) -> bool:
    """Whether a slice of `array` runs to its end, from wherever."""
    slices = [use.by.index for use in array.uses if isinstance(use.by, Item)]
    return any(isinstance(index, SliceValue) and index.lower is not None and index.upper is None for index in slices)


def _is_cut(array: Value) -> bool:
    """Whether only a first part of the rows is taken, which may well be whole batches."""
    slices = [one.index for one in ancestors(array) if isinstance(one, Item)]
    firsts = [one.items[0] if isinstance(one, Display) and one.items else one for one in slices]
    return any(isinstance(one, SliceValue) and one.upper is not None for one in firsts)


def _redrawn(array: Value) -> bool:
    """Whether rows are permuted again in each epoch, so that each time others are left out."""
    return any(
        "shuffled" in value.marks
        or (isinstance(value, Result) and value.call.context.loops and order_of(value) == "random")
        for value in ancestors(array)
    )


def _read_from_file(feed: Feed) -> bool:
    """Whether the size cannot be known because the rows come from outside, as opposed to being computed in view."""
    return any(size_of(array) is None and fixed_order(feed) for array in feed.arrays) and any(
        isinstance(value, Result)
        and (value.call.op or "").rpartition(".")[2].startswith(("load", "read_", "genfromtxt", "fromfile"))
        for array in feed.arrays
        for value in ancestors(array)
    )


def _lost_in_evaluation(program: Program, feed: Feed) -> Reports:
    if feed.keeps_tail is not False or not feed.size or not feed.batch or _takes_only_full_batches(program):
        return
    rest = feed.size % feed.batch
    if rest:
        yield Report(
            feed.site,
            f"the result is not that of all the data: the last {rest} of {feed.size} examples are left out",
            trails.of_feed(feed),
            fix=_with_the_rest(program, feed),
        )
