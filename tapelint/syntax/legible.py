"""What of a document can be read, when some of its parts are not Python."""

import re
from pathlib import Path

from tapelint.source.document import SEPARATOR, Document, Part
from tapelint.source.span import Position
from tapelint.syntax import tree
from tapelint.syntax.parse import Unparsable, parse

SEPARATING = [SEPARATOR.split()[1]]
"""What the statement between two parts declares."""

_IMPORT = re.compile(r"(?:import|from)\s[^;#(\\]+$", re.MULTILINE)


def legible(document: Document) -> tuple[Document, tree.Module, list[Unparsable]]:
    """The document without the parts that are not Python, its tree, and what is wrong with those parts.

    Raises Unparsable for a document that has no parts.
    """
    try:
        module = parse(document)
        if _kept_apart(document, module):
            return document, module, []
    except Unparsable:
        if not document.parts:
            raise
    broken = {part: error for part in document.parts if (error := _complaint(document, part)) is not None}
    rest = document.without({part: _trace_of(document, part) for part in broken})
    # What is quoted need not be whole, or Python.
    return rest, parse(rest), [] if document.quotes else list(broken.values())


def _kept_apart(document: Document, module: tree.Module) -> bool:
    """Whether no part completes another: then all that stands between them is statements of the module."""
    between = sum(isinstance(each, tree.ScopeDeclaration) and each.names == SEPARATING for each in module.body)
    return between == document.lines.count(SEPARATOR)


def _complaint(document: Document, part: Part) -> Unparsable | None:
    try:
        parse(Document(document.path, document.text_of(part)))
    except Unparsable as error:
        line = min(error.position.line, part.count) + part.first - 1
        return Unparsable(error.message, Position(line, error.position.column))
    return None


def _trace_of(document: Document, part: Part) -> str:
    """What stands for a part that is left out: its imports, and the news that something was run."""
    source = document.text_of(part)
    imports = [line for line in source.split("\n") if _IMPORT.fullmatch(line) and _parses(line)]
    return "; ".join([*imports, f"get_ipython().run_cell({source!a})"])


def _parses(line: str) -> bool:
    try:
        parse(Document(Path(), line))
    except Unparsable:
        return False
    return True
