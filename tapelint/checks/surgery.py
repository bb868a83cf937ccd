"""Turns what a check proposes to change into edits of the text: the places, the commas and the indentation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from tapelint.checks.repairs import (
    AddItem,
    Change,
    Decorate,
    Insert,
    Move,
    MoveLink,
    Remove,
    RemoveArgument,
    RemoveLink,
    Repair,
    Replace,
    SetArgument,
    Side,
    Surround,
    Text,
)
from tapelint.finding import Fix, Place
from tapelint.program.project import Module
from tapelint.program.values import Site
from tapelint.source.document import Document
from tapelint.source.lines import Lines
from tapelint.source.span import Span
from tapelint.syntax import tree
from tapelint.syntax.nodes import Nodes, children
from tapelint.syntax.parse import part_of
from tapelint.syntax.positions import spans

# Space between two tokens inside brackets, with the comments in it.
_GAP = re.compile(r"(?:\s|\\|#[^\r\n]*)*")
_REST_OF_LINE = re.compile(r"[ \t\f]*(?:#[^\r\n]*)?(?=[\r\n]|\Z)")
_COMMA_AND_COMMENT = re.compile(r",[ \t\f]*(?:#[^\r\n]*)?(?=[\r\n])")
_LINE_END = re.compile(r"\r\n|\r|\n")
_INDENTED = re.compile(r"^(\t| {2,8})(?=[^\s#])", re.MULTILINE)
_LEVEL = "    "


class _Unrepairable(Exception):
    """The text is written in a way that is not changed by rule, such as several statements on one line."""


def fix(repair: Repair, place: Place, module: Module, nodes: Nodes) -> Fix | None:
    """The edits of a repair of a finding at `place` in `module`.

    None if the code is written in a way that they are not sure to fit, or if they would reach beyond the file or the
    notebook cell of the finding.
    """
    sites = list(repair.sites)
    if any(site.module is not module for site in sites):
        return None
    # Looking a node up reads the body it stands in.
    parts = {part_of(nodes[site.node].id) for site in sites}
    ids = [one for one in nodes.known if part_of(one) in parts]
    surgeon = _Surgeon(module.document, nodes, spans(module.document, ids))
    try:
        cuts = [cut for change in repair.changes for cut in surgeon.cuts(change)]
    except _Unrepairable:
        return None
    if any(after.start < before.end for before, after in pairwise(sorted(cuts, key=lambda cut: (cut.start, cut.end)))):
        return None
    edits = [(surgeon.lines.span(cut.start, cut.end), cut.text) for cut in cuts]
    return Fix.of(module.document, place, repair.title, repair.safety, edits)


@dataclass(frozen=True, slots=True)
class _Cut:
    """Offsets in the text, and what is to stand between them."""

    start: int
    end: int
    text: str


class _Surgeon:
    """The text of a module and the places of its nodes."""

    def __init__(self, document: Document, nodes: Nodes, places: Mapping[int, Span]) -> None:
        self.text = document.text
        self.lines = Lines(document.text)
        self._nodes = nodes
        self._places = places

    def cuts(self, change: Change) -> Iterator[_Cut]:
        match change:
            case Replace(site, text):
                yield _Cut(*self._stretch(site.node), self._rendered(text))
            case Surround(site, before, after):
                start, end = self._stretch(site.node)
                yield _Cut(start, start, before)
                yield _Cut(end, end, after)
            case SetArgument(call, keyword, text):
                yield self._set_argument(self._call(call), keyword, self._rendered(text))
            case AddItem(site, text):
                yield self._appended(self._stretch(site.node), self._rendered(text))
            case RemoveArgument(call, value):
                yield self._without_argument(self._call(call), value)
            case Insert(side, site, lines):
                yield self._inserted(side, site, [self._rendered(line) for line in lines])
            case Remove(site):
                yield self._removed(self._statement(site))
            case Move(site, side, anchor):
                statement = self._statement(site)
                yield self._inserted(side, anchor, self._source_lines(statement))
                yield self._removed(statement)
            case MoveLink(call, before):
                start, end = self._link(self._call(call))
                place, _ = self._link(self._call(before))
                yield _Cut(place, place, self.text[start:end])
                yield _Cut(start, end, "")
            case RemoveLink(call):
                yield _Cut(*self._link(self._call(call)), "")
            case Decorate(function, text):
                start, _ = self._stretch(function.node)
                begin = self._line_start(start)
                indent = self.text[begin:start]
                if indent.strip():
                    raise _Unrepairable
                yield _Cut(begin, begin, f"{indent}@{text}\n")

    # Places

    def _stretch(self, node: int) -> tuple[int, int]:
        span = self._places.get(node)
        if span is None:
            raise _Unrepairable
        return self.lines.offset(span.start), self.lines.offset(span.end)

    def _call(self, site: Site) -> tree.Call:
        node = self._nodes[site.node]
        if not isinstance(node, tree.Call):
            raise _Unrepairable
        return node

    def _statement(self, site: Site) -> tree.Statement:
        for node in (self._nodes[site.node], *self._nodes.parents(site.node)):
            if isinstance(node, tree.Statement) and not _is_lambda(node):
                return node
        raise _Unrepairable

    def _whole(self, statement: tree.Statement) -> tuple[int, int]:
        """A statement with its decorators and its body."""
        start, end = self._stretch(statement.id)
        pending = list(children(statement))
        while pending:
            node = pending.pop()
            pending += children(node)
            if isinstance(node, tree.Statement) or node.id in self._places:
                end = max(end, self._stretch(node.id)[1])
        for decorator in getattr(statement, "decorators", ()):
            start = min(start, self.text.rindex("@", 0, self._stretch(decorator.id)[0]))
        return start, end

    def _own_lines(self, statement: tree.Statement) -> tuple[int, int]:
        """The lines of a statement that shares them with no other, up to the last one's end."""
        start, end = self._whole(statement)
        begin = self._line_start(start)
        rest = _REST_OF_LINE.match(self.text, end)
        if self.text[begin:start].strip() or rest is None:
            raise _Unrepairable
        return begin, rest.end()

    def _line_start(self, offset: int) -> int:
        return max(self.text.rfind("\n", 0, offset), self.text.rfind("\r", 0, offset)) + 1

    def _indent(self, statement: tree.Statement) -> str:
        start, _ = self._whole(statement)
        return self.text[self._line_start(start) : start]

    @cached_property
    def _level(self) -> str:
        """What one level of indentation is written with."""
        return min(_INDENTED.findall(self.text), key=len, default=_LEVEL)

    # Texts

    def _rendered(self, text: Text) -> str:
        if isinstance(text, str):
            return text
        if isinstance(text, Site):
            start, end = self._stretch(text.node)
            return self.text[start:end]
        return "".join(self._rendered(piece) for piece in text)

    def _source_lines(self, statement: tree.Statement) -> list[str]:
        """The lines of a statement, without its indentation; deeper ones keep what they have more."""
        begin, end = self._own_lines(statement)
        indent = self._indent(statement)
        found = _LINE_END.split(self.text[begin:end])
        if any(line.strip() and not line.startswith(indent) for line in found):
            raise _Unrepairable
        return [line[len(indent) :] for line in found]

    # Statements

    def _inserted(self, side: Side, site: Site, lines: list[str]) -> _Cut:
        statement = self._statement(site)
        if side in ("first", "last"):
            statement, side = self._in_body(statement, first=side == "first")
        begin, end = self._own_lines(statement)
        indent = self._indent(statement)
        laid = [indent + self._deepened(line) if line else "" for line in lines]
        if side == "before":
            return _Cut(begin, begin, "".join(line + "\n" for line in laid))
        return _Cut(end, end, "".join("\n" + line for line in laid))

    def _in_body(self, statement: tree.Statement, *, first: bool) -> tuple[tree.Statement, Side]:
        """The statement of a body, and on which side of it a line is the first, or the last, of the body."""
        body = getattr(statement, "body", None)
        if not body:
            raise _Unrepairable
        if not first:
            return body[-1], "after"
        return (body[0], "after") if _is_docstring(body[0]) else (body[0], "before")

    def _deepened(self, line: str) -> str:
        bare = line.lstrip(" ")
        levels, rest = divmod(len(line) - len(bare), len(_LEVEL))
        return self._level * levels + " " * rest + bare

    def _removed(self, statement: tree.Statement) -> _Cut:
        begin, end = self._own_lines(statement)
        if self._is_alone(statement):
            start, stop = self._whole(statement)
            return _Cut(start, stop, "pass")
        line_end = _LINE_END.match(self.text, end)
        return _Cut(begin, line_end.end() if line_end else end, "")

    def _is_alone(self, statement: tree.Statement) -> bool:
        parent = next(self._nodes.parents(statement.id))
        bodies = [getattr(parent, name, None) for name in ("body", "orelse", "finalbody")]
        return any(body == [statement] for body in bodies) and not isinstance(parent, tree.Module)

    # Arguments

    def _link(self, call: tree.Call) -> tuple[int, int]:
        """Where the method of a call stands in a chain, from the end of what it is called on to the end of the call."""
        if not isinstance(call.function, tree.Attribute):
            raise _Unrepairable
        _, start = self._stretch(call.function.value.id)
        while self.text[(after := self._after_gap(start))] == ")":
            start = after + 1
        _, end = self._stretch(call.id)
        if self.text[after] != "." or "#" in self.text[start:after]:
            raise _Unrepairable
        return start, end

    def _set_argument(self, call: tree.Call, keyword: str, text: str) -> _Cut:
        slots = self._slots(call)
        for argument, (start, end) in zip(call.arguments, slots, strict=True):
            if argument.keyword == keyword:
                return _Cut(start, end, f"{keyword}={text}")
        if any(isinstance(each.value, tree.Comprehension) for each in call.arguments):
            raise _Unrepairable
        if not slots:
            _, end = self._stretch(call.id)
            return _Cut(end - 1, end - 1, f"{keyword}={text}")
        return self._appended(slots[-1], f"{keyword}={text}")

    def _appended(self, last: tuple[int, int], text: str) -> _Cut:
        """Something more behind the last of several: on a line of its own where that has one, with a comma."""
        start, end = last
        indent = self.text[self._line_start(start) : start]
        rest = _COMMA_AND_COMMENT.match(self.text, end)
        if rest and not indent.strip():
            return _Cut(rest.end(), rest.end(), f"\n{indent}{text},")
        return _Cut(end, end, f", {text}")

    def _without_argument(self, call: tree.Call, value: Site) -> _Cut:
        slots = self._slots(call)
        number = next((n for n, each in enumerate(call.arguments) if each.value.id == value.node), None)
        if number is None:
            raise _Unrepairable
        if number + 1 < len(slots):
            return _Cut(slots[number][0], slots[number + 1][0], "")
        start = slots[number - 1][1] if number else slots[number][0]
        return _Cut(start, slots[number][1], "")

    def _slots(self, call: tree.Call) -> list[tuple[int, int]]:
        """Where each argument of a call stands, with its keyword, its stars and its own brackets."""
        _, position = self._stretch(call.function.id)
        # The brackets around the function, then the one that opens the call.
        while self.text[(position := self._after_gap(position))] == ")":
            position += 1
        slots = []
        for argument in call.arguments:
            start = self._after_gap(position + 1)
            inner, end = self._stretch(argument.value.id)
            for _ in range(_without_comments(self.text[start:inner]).count("(")):
                end = self.text.index(")", self._after_gap(end)) + 1
            slots.append((start, end))
            position = self._after_gap(end)
        return slots

    def _after_gap(self, position: int) -> int:
        gap = _GAP.match(self.text, position)
        return gap.end() if gap else position


def _is_lambda(node: tree.Node) -> bool:
    return isinstance(node, tree.Function) and node.name == "<lambda>"


def _is_docstring(statement: tree.Statement) -> bool:
    match statement:
        case tree.ExpressionStatement(value=tree.Constant(value=str())):
            return True
    return False


def _without_comments(text: str) -> str:
    return re.sub(r"#[^\r\n]*", "", text)
