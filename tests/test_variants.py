"""A page's mistake is found however it is written: in a function, in a method, in another file, under other names.

The programs of the pages are rewritten by rule; what is found in them must stay where it is.
"""

import ast
import io
import itertools
import textwrap
import tokenize
from collections.abc import Callable
from pathlib import Path

import pytest

from tapelint.run.lint import lint
from tapelint.run.pages import SCRIPT, Program, programs
from tapelint.run.select import runs_only
from tapelint.run.settings import Settings
from tests.linting import write
from tests.notebooks import notebook

OTHER_NAMES = {"tf": "T", "np": "N", "keras": "K"}
# What these find is about the text itself and its imports.
ABOUT_THE_TEXT = ("unparsable-source", "unused-suppression", "unimported-module")
PROGRAMS = [
    program
    for program in programs()
    if program.part in (program.rule.name, "Variations")
    and list(program.files) == [SCRIPT]
    and not runs_only(program.rule)
    and program.rule.name not in ABOUT_THE_TEXT
    # Not everything may stand in a function.
    and "import *" not in program.files[SCRIPT]
]


def in_a_function(text: str) -> dict[str, str]:
    return {SCRIPT: f"def main():\n{textwrap.indent(text, '    ')}\n\nmain()\n"}


def in_a_method(text: str) -> dict[str, str]:
    return {SCRIPT: f"\n\nclass Job:\n    def run(self):\n{textwrap.indent(text, '        ')}\n\nJob().run()\n"}


def in_another_file(text: str) -> dict[str, str]:
    return {"job.py": f"def main():\n{textwrap.indent(text, '    ')}\n", SCRIPT: "import job\n\njob.main()\n"}


def under_other_names(text: str) -> dict[str, str]:
    """The imported modules are called otherwise."""
    names = {name: other for name, other in OTHER_NAMES.items() if name in imported(text)}
    lines = text.splitlines(keepends=True)
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(text).readline))):
        if token.type == tokenize.NAME and token.string in names:
            (row, start), (_, end) = token.start, token.end
            line = lines[row - 1]
            is_attribute, is_keyword = line[:start].endswith("."), line[end : end + 1] == "=" != line[end + 1 : end + 2]
            is_imported = line.startswith("from ") and start < line.find(" import ")
            if not is_attribute and not is_keyword and not is_imported:
                lines[row - 1] = line[:start] + names[token.string] + line[end:]
    whole = {f"import {other}\n": f"import {name} as {other}\n" for name, other in names.items()}
    return {SCRIPT: "".join(whole.get(line, line) for line in lines)}


def imported(text: str) -> set[str]:
    imports = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import))
    return {alias.asname or alias.name for node in imports for alias in node.names}


def pieces(text: str) -> list[tuple[int, str]]:
    """The statements of a program, each with its line; what shows a value stays with what follows it."""
    body = ast.parse(text).body
    starts = [min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))]) for node in body]
    ends = [start for start, before in zip(starts[1:], body, strict=False) if not isinstance(before, ast.Expr)]
    lines = text.splitlines(keepends=True)
    cuts = [1, *ends, len(lines) + 1]
    return [(first, "".join(lines[first - 1 : last - 1])) for first, last in itertools.pairwise(cuts)]


def lines_of(files: dict[str, str], rule: str, folder: Path, above: Callable[[int | None], int]) -> set[int]:
    """The lines on which a rule speaks, less those that stand `above` the program in each cell."""
    write(files, folder)
    outcome = lint([folder], Settings(rules=frozenset({rule}), jobs=1))
    assert outcome.complete, (outcome.crashes, outcome.failures)
    return {each.place.span.start.line - above(each.place.cell) for each in outcome.findings}


VARIANTS = {in_a_function: 1, in_a_method: 4, in_another_file: 1, under_other_names: 0}
"""Ways to write a program, and how many lines of it come first."""


# Gaps that are known. A main file that only imports and calls names no library and is not read, so that what the other
# file defines must show by its own words that it is worth running.
GAPS = {
    (program, in_another_file)
    for program in (
        "layer-created-in-call > Variations > A block of one's own",
        "layer-created-in-call > Variations > A variable in `call`",
        "late-regularizer > Variations > A pretrained network, in a method",
        "logits-mismatch > Variations > A function of TensorFlow, outside of a graph",
        "retracing-shape > Variations > What is left of a sequence",
        "side-effect-in-tf-function > Variations > A counter",
        "state-captured-at-trace > Variations > A number, with another alias",
        "training-mode-in-evaluation > Variations > All test data at once, after the training",
        "variables-missing-from-update",
        "variables-missing-from-update > Variations > In a class",
    )
}


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_the_same_is_found(program: Program, tmp_path: Path) -> None:
    text, rule = program.files[SCRIPT], program.rule.name
    found = lines_of(program.files, rule, tmp_path / "page", lambda _: 0)
    for variant, above in VARIANTS.items():
        again = lines_of(variant(text), rule, tmp_path / variant.__name__, lambda _: 0)
        expected = set() if (str(program), variant) in GAPS else found
        assert {line - above for line in again} == expected, variant.__name__
    cells = pieces(text)
    book = {"train.ipynb": notebook(*(cell for _, cell in cells))}
    assert lines_of(book, rule, tmp_path / "cells", lambda cell: 1 - cells[(cell or 1) - 1][0]) == found, "in cells"
