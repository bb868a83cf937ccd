"""A program says the same when it is cut into the cells of a notebook, or into the blocks of a Markdown text."""

import ast
import itertools
from collections import Counter
from pathlib import Path

import pytest

from tapelint import catalog
from tapelint.run.lint import lint_text
from tapelint.run.settings import Settings
from tests.notebooks import notebook

FIXTURES = Path(__file__).parents[2] / "fixtures"
EVERYTHING = Settings(rules=frozenset(catalog.rules()), jobs=1)
# Only programs that parse can be cut, and comments that speak for a whole file are about more than their cell.
PROGRAMS = [
    path
    for folder in ("broken", "seeds")
    for path in sorted((FIXTURES / folder).glob("*.py"))
    if not path.name.startswith(("unparsable", "unused"))
]
# In a quotation these two are silent, because it may leave imports out.
SILENT = {"unimported-module"}

Where = tuple[str, int, int, str]


@pytest.fixture(params=PROGRAMS, ids=lambda path: path.stem)
def program(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def pieces(text: str) -> list[tuple[int, str]]:
    """The statements of a program, in threes, each piece with the line it begins on."""
    lines = text.splitlines(keepends=True)
    starts = [min([node.lineno, *(each.lineno for each in _decorators(node))]) for node in ast.parse(text).body]
    cuts = [1, *starts[3::3], len(lines) + 1]
    return [(first, "".join(lines[first - 1 : last - 1])) for first, last in itertools.pairwise(cuts)]


def _decorators(node: ast.stmt) -> list[ast.expr]:
    return node.decorator_list if isinstance(node, ast.FunctionDef | ast.ClassDef) else []


def found(path: Path, text: str, starts: list[int] | None = None) -> Counter[Where]:
    """The findings in a text under a name, with their lines in the program: `starts` are the first lines of cells."""
    outcome = lint_text(path, text.encode(), EVERYTHING)
    assert outcome.complete, outcome.crashes
    return Counter(
        (
            each.rule,
            each.place.span.start.line + (starts[each.place.cell - 1] - 1 if starts and each.place.cell else 0),
            each.place.span.start.column,
            each.message,
        )
        for each in outcome.findings
    )


def test_in_a_notebook(program: Path) -> None:
    text = program.read_text(encoding="utf-8")
    cut = pieces(text)
    cells = notebook(*(piece for _, piece in cut))
    assert found(program.with_suffix(".ipynb"), cells, [first for first, _ in cut]) == found(program, text)


def test_in_markdown(program: Path) -> None:
    text = program.read_text(encoding="utf-8")
    blocks, lines = "", {}
    for first, piece in pieces(text):
        blocks += "```python\n"
        for number in range(piece.count("\n")):
            lines[blocks.count("\n") + 1 + number] = first + number
        blocks += piece + "```\n"
    quoted = found(program.with_suffix(".md"), blocks)
    there = Counter({(rule, lines[line], *rest): times for (rule, line, *rest), times in quoted.items()})
    plain = found(program, text)
    assert there <= plain
    if not SILENT & {rule for rule, *_ in plain} and "..." not in text:
        assert there == plain
