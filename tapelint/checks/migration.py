"""Checks of what Keras 3 has no more, as the table of knowledge has it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any

from tapelint.checks.registry import check, check_of_graphs_of_old
from tapelint.checks.repairs import Change, RemoveArgument, Repair, Replace
from tapelint.checks.report import Report, Reports
from tapelint.program import kinds
from tapelint.program.imported import guarded, imports, written
from tapelint.program.knowledge import table
from tapelint.program.models import library_class
from tapelint.program.program import Program
from tapelint.program.project import Module
from tapelint.program.target import asks_for_legacy
from tapelint.program.trace import Call
from tapelint.program.values import Constant, Display, Instance, Site, Value
from tapelint.syntax import tree
from tapelint.syntax.nodes import Nodes, children, spell

Row = Mapping[str, Any]

_MANY = frozenset({"layer", "optimizer"})
"""Rows of these concern every object of the kind."""

_SHOWN = 3
"""How many further places a report shows."""

_CHAIN = re.compile(r"(?<![\w.])[^\W\d]\w*(?:\.\w+)*")
_INNER_IMPORT = re.compile(r"^[ \t]+(?:from|import)[ \t]+(?:tensorflow|tf_keras|keras)\b", re.MULTILINE)

_TENSORFLOW = ("tensorflow.keras.", "tensorflow.compat.v2.keras.", "tensorflow.losses.", "tensorflow.optimizers.")


@check
def removed_keras_api(program: Program) -> Reports:
    if asks_for_legacy(program.module.document.text):
        # Who takes Keras 2 by its own name stays with it.
        return
    told: dict[tuple[Module, str], list[Report]] = {}
    for report in (*_of_names(program), *_of_calls(program)):
        if not guarded(program.nodes(report.site.module), report.site.node):
            told.setdefault((report.site.module, report.message), []).append(report)
    yield from map(_once, told.values())


def _once(reports: list[Report]) -> Report:
    """One report about all places where the same is gone: who moves to Keras 3 changes them in one go."""
    first, *others = sorted(reports, key=lambda report: report.site.node)
    fixes = [report.fix for report in reports if report.fix is not None]
    fix = None
    if len(fixes) == len(reports):
        fix = replace(fixes[0], changes=tuple(change for each in fixes for change in each.changes))
    shown = [(report.site, "and here") for report in others[:_SHOWN]]
    if len(others) > _SHOWN:
        shown[-1] = (shown[-1][0], f"and here: {len(reports)} times in all")
    return replace(first, trail=tuple(shown), fix=fix)


def _told(program: Program, site: Site, what: str, row: Row, repair: Repair | None = None) -> Report:
    """The report on something that a row is about: what comes of it depends on the Keras that is meant."""
    raised = row["raises"]
    if program.target == "2":
        return Report(site, f"{what} is gone in Keras 3, and this project has yet to move there", severity="info")
    if raised == "nothing":
        return Report(site, f"{what} is gone since Keras 3: it is ignored", severity="warning")
    article = "an" if raised[0] in "AEIOU" else "a"
    message = f"{what} is gone since Keras 3: this raises {article} {raised}"
    return Report(site, message, severity="error", fix=repair)


@check_of_graphs_of_old
def tf1_training_loop(program: Program) -> Reports:
    sign = program.graph_of_old
    if sign is not None:
        yield Report(sign.site, "this trains a graph of TensorFlow 1: the other rules do not look at it")


# Calls


def _of_calls(program: Program) -> Reports:
    told: set[Site] = set()
    for call in program.trace.calls:
        node = program.nodes(call.site.module)[call.site.node]
        if call.op is None or call.site in told or not isinstance(node, tree.Call):
            continue
        told.add(call.site)
        for row in _rows("argument"):
            if row["keyword"] in call.keywords and _concerns(row, call):
                yield from _of_argument(program, call, node, row)
        for row in _rows("method"):
            if call.op in row["of"] and isinstance(node.function, tree.Attribute):
                yield _of_method(program, call, node, row)
        for row in _rows("position"):
            if call.op in row["of"]:
                yield from _of_position(program, call, node, row)
        yield from _of_files(program, call, node)


def _concerns(row: Row, call: Call) -> bool:
    made = call.result if isinstance(call.result, Instance) and call.result.call is call else None
    if made is not None and library_class(made) is not None and kinds.of(made) in _MANY & set(row["of"]):
        return True
    return call.op in row["of"]


def _of_argument(program: Program, call: Call, node: tree.Call, row: Row) -> Reports:
    given = next((each for each in node.arguments if each.keyword == row["keyword"]), None)
    if given is None:
        return
    module = call.site.module
    repair = None
    if "use" in row and not any(each.keyword == row["use"] for each in node.arguments):
        renamed = Replace(Site(module, given.id), (f"{row['use']}=", Site(module, given.value.id)))
        repair = Repair(f"call it `{row['use']}`", "safe", (renamed,))
    elif "leave" in row:
        repair = Repair(
            f"leave `{row['keyword']}` out", "safe", (RemoveArgument(call.site, Site(module, given.value.id)),)
        )
    yield _told(program, Site(module, given.value.id), f"the argument `{row['keyword']}`", row, repair)


def _of_position(program: Program, call: Call, node: tree.Call, row: Row) -> Reports:
    index, old, now = row["index"], row["keyword"], row["now"]
    leading = node.arguments[: index + 1]
    value = call.argument(index)
    if len(leading) <= index or any(each.star or each.keyword for each in leading) or not _names_metrics(value):
        return
    site = Site(call.site.module, leading[index].id)
    if program.target == "2":
        message = f"at this place stands `{now}` in Keras 3, not `{old}`, and this project has yet to move there"
        yield Report(site, message, severity="info")
        return
    repair = None
    following = node.arguments[index + 1 :]
    if all(each.keyword not in (None, old) for each in following):
        named = Replace(site, (f"{old}=", Site(site.module, leading[index].value.id)))
        repair = Repair(f"pass them as `{old}`", "safe", (named,))
    message = f"at this place stands `{now}` since Keras 3, no longer `{old}`: training ends with an error"
    yield Report(site, message, severity="error", fix=repair)


def _names_metrics(value: Value | None) -> bool:
    """Whether something names metrics or lists them, which no weight of a loss does."""
    if isinstance(value, Display):
        return bool(value.items) and any(map(_names_metrics, value.items))
    if isinstance(value, Constant):
        return isinstance(value.value, str)
    return value is not None and kinds.of(value) == "metric"


def _of_method(program: Program, call: Call, node: tree.Call, row: Row) -> Report:
    function, module = node.function, call.site.module
    assert isinstance(function, tree.Attribute)
    change: Change | None = None
    title = ""
    if "use" in row:
        title = f"call `{row['use']}`"
        change = Replace(Site(module, function.id), (Site(module, function.value.id), f".{row['use']}"))
    elif "unwrap" in row and len(node.arguments) == 1 and not node.arguments[0].star:
        title = "take the gradients as they are: the optimizer divides them itself"
        change = Replace(call.site, Site(module, node.arguments[0].value.id))
    repair = Repair(title, "safe", (change,)) if change is not None else None
    return _told(program, call.site, f"`{function.name}`", row, repair)


def _of_files(program: Program, call: Call, node: tree.Call) -> Reports:
    for row in _rows("file"):
        path = call.argument(0, "filepath")
        if call.op != row["of"] or not isinstance(path, Constant) or not isinstance(path.value, str) or call.opaque:
            continue
        if not _applies(row, call) or "save_format" in call.keywords or path.value.endswith(tuple(row["endings"])):
            continue
        given = next((each for each in node.arguments if each.keyword in (None, "filepath")), None)
        if given is not None and not given.star:
            yield _refused(program, Site(call.site.module, given.value.id), row["endings"][0])


def _refused(program: Program, site: Site, ending: str) -> Report:
    """The report on a name of a file that Keras 3 does not take."""
    if program.target == "2":
        message = f"this name must end in `{ending}` in Keras 3, and this project has yet to move there"
        return Report(site, message, severity="info")
    return Report(site, f"this name must end in `{ending}` since Keras 3: this raises a ValueError", severity="error")


def _applies(row: Row, call: Call) -> bool:
    for condition, wanted in (("when", True), ("unless", False)):
        if condition in row:
            flag = call.argument(None, row[condition])
            known = isinstance(flag, Constant) or flag is None
            if not known or bool(isinstance(flag, Constant) and flag.value) is not wanted:
                return False
    return True


# Names


def _of_names(program: Program) -> Reports:
    module = program.module
    brought = imports(_outside_of_functions(module.tree))
    bound = {name or full.partition(".")[0]: full if name else full.partition(".")[0] for _, full, name in brought}
    mentions = partial(_mentions, bound)
    if not mentions(module.document.text) and not any(_row_of(full) for full in bound.values()):
        return
    nodes = program.nodes(module)
    mentioning = nodes.mentioning(mentions)
    gone: set[str] = set()
    for alias, full, _ in imports(mentioning):
        row = _row_of(full)
        if row is not None and "called" not in row:
            gone.add(full)
            yield _told(program, Site(module, alias.id), f"`{full}`", {**row, "raises": "ImportError"})
    for node, full in written(mentioning):
        row = _row_of(full)
        if row is None or ("called" in row and not _is_called(nodes, node)):
            continue
        if not any(full == each or full.startswith(f"{each}.") for each in gone):
            text = spell(node) or full
            yield _told(program, Site(module, node.id), f"`{text}`", row, _renamed(Site(module, node.id), node, row))


def _outside_of_functions(module: tree.Module) -> list[tree.Node]:
    """The statements that run when a module is imported, whatever they stand in."""
    found: list[tree.Node] = []
    pending: list[tree.Node] = list(module.body)
    while pending:
        node = pending.pop()
        if isinstance(node, tree.Statement | tree.Handler) and not isinstance(node, tree.Function | tree.Class):
            found.append(node)
            pending.extend(children(node))
    return found


def _is_called(nodes: Nodes, node: tree.Expression) -> bool:
    parent = next(nodes.parents(node.id), None)
    return isinstance(parent, tree.Call) and parent.function is node


def _renamed(site: Site, node: tree.Expression, row: Row) -> Repair | None:
    """The same with the new name for its last part, or without the part that is gone."""
    text = spell(node)
    if text is None or not isinstance(node, tree.Attribute):
        return None
    changed = text
    if "use" in row:
        changed = f"{text.rpartition('.')[0]}.{row['use']}"
    elif "drop" in row and f".{row['drop']}." in text:
        changed = text.replace(f".{row['drop']}.", ".", 1)
    return Repair(f"write `{changed}`", "safe", (Replace(site, changed),)) if changed != text else None


def _row_of(full: str) -> Row | None:
    """The row about a name as it is written, or about the module or class that it is in; the longest name counts."""
    side = "tensorflow" if full.startswith(_TENSORFLOW) else "keras"
    name = full
    for prefix in _TENSORFLOW:
        if full.startswith(prefix):
            name = f"keras.{full.removeprefix(prefix)}" if prefix.endswith("keras.") else f"keras.{full[11:]}"
    while name:
        row = _names().get((name, side))
        if row is not None:
            return row
        name = name.rpartition(".")[0]
    return None


@cache
def _rows(kind: str) -> tuple[Row, ...]:
    return tuple(table("migration")[kind])


@cache
def _names() -> Mapping[tuple[str, str], Row]:
    return {
        (name, side): row
        for row in _rows("name")
        for name in row["names"]
        for side in ("tensorflow", "keras")
        if row.get("only", side) == side
    }


def _mentions(bound: Mapping[str, str], text: str) -> bool:
    """Whether a text may say a name of the table, by what imports have bound, or by an import of its own."""
    if _INNER_IMPORT.search(text):
        return True
    for chain in set(_CHAIN.findall(text)):
        first, _, rest = chain.partition(".")
        if first in bound and _row_of(f"{bound[first]}.{rest}".rstrip(".")) is not None:
            return True
    return False
