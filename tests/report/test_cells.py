"""Reports of findings in notebooks: every format names the cell, and counts lines and columns inside it."""

import json
from pathlib import Path

import pytest

from tapelint.finding import Finding, Place, TrailStep
from tapelint.report import concise, full, lsp, statistics
from tapelint.report import json as report
from tapelint.report.fingerprint import fingerprints
from tapelint.run.outcome import Outcome
from tapelint.source.document import Document
from tapelint.source.notebook import read_notebook
from tapelint.source.span import Position, Span
from tests.notebooks import notebook

PATH = Path("train.ipynb")
CELLS = (
    "import tensorflow as tf\n%matplotlib inline\nmodel = build()",
    "%%time\nx = '𝄞'; grads = f(model)\n!ls",
    "  print(x)",
)


def document(*cells: str) -> Document:
    return read_notebook(PATH, notebook(*cells).encode())


def place(source: Document, word: str, occurrence: int = 0) -> Place:
    """The place of a word in the text."""
    line, text = [(number, line) for number, line in enumerate(source.lines, 1) if word in line][occurrence]
    start = Position(line, text.index(word) + 1)
    return Place.of(source, Span(start, Position(line, start.column + len(word))))


@pytest.fixture
def outcome() -> Outcome:
    source = document(*CELLS)
    steps = (TrailStep(place(source, "build()"), "made here"), TrailStep(place(source, "print(x)"), "shown here"))
    found = (
        Finding("unreduced-loss", place(source, "print(x)"), "it is shown", "warning"),
        Finding("gradients-not-applied", place(source, "f(model)"), "`model` is never updated", "error", steps),
    )
    return Outcome(files=1, documents={PATH: source}).with_findings(found)


def test_findings_are_sorted_by_cell(outcome: Outcome) -> None:
    assert [finding.place.cell for finding in outcome.findings] == [2, 3]


def test_full_shows_the_lines_of_the_cell_as_they_were_written(outcome: Outcome) -> None:
    assert full.render(outcome, colour=False, width=80).splitlines()[:25] == [
        "error[TL101 gradients-not-applied]: `model` is never updated",
        " --> train.ipynb:cell 2:2:18",
        "  |",
        "1 | %%time",
        "2 | x = '𝄞'; grads = f(model)",
        "  |                  ^^^^^^^^",
        "3 | !ls",
        "  |",
        "  = trail: how it comes to this",
        "  |",
        " --> train.ipynb:cell 1:3:9",
        "3 | model = build()",
        "  |         ------- 1. made here",
        " --> train.ipynb:cell 3:1:3",
        "1 |   print(x)",
        "  |   -------- 2. shown here",
        "  |",
        "  = help: tapelint explain gradients-not-applied",
        "",
        "warning[TL301 unreduced-loss]: it is shown",
        " --> train.ipynb:cell 3:1:3",
        "  |",
        "1 |   print(x)",
        "  |   ^^^^^^^^",
        "  |",
    ]


def test_concise(outcome: Outcome) -> None:
    assert concise.render(outcome).splitlines()[:2] == [
        "train.ipynb:cell 2:2:18: TL101 [error] gradients-not-applied `model` is never updated",
        "train.ipynb:cell 3:1:3: TL301 [warning] unreduced-loss it is shown",
    ]


def test_json(outcome: Outcome) -> None:
    first, second = json.loads(report.render(outcome))["findings"]
    assert (first["path"], first["cell"], first["start"]) == ("train.ipynb", 2, {"line": 2, "column": 18})
    assert first["trail"] == [
        {"cell": 1, "line": 3, "column": 9, "message": "made here"},
        {"cell": 3, "line": 1, "column": 3, "message": "shown here"},
    ]
    assert (second["cell"], second["start"], second["end"]) == (3, {"line": 1, "column": 3}, {"line": 1, "column": 11})


def test_lsp_has_a_document_for_each_cell(outcome: Outcome) -> None:
    home = f"{Path.cwd().as_uri()}/train.ipynb"
    second, third = json.loads(lsp.render(outcome))
    assert (second["uri"], third["uri"]) == (f"{home}#cell2", f"{home}#cell3")
    (finding,) = second["diagnostics"]
    assert finding["range"]["start"] == {"line": 1, "character": 18}, "a character beyond the first plane counts twice"
    assert [each["location"]["uri"] for each in finding["relatedInformation"]] == [f"{home}#cell1", f"{home}#cell3"]


def test_statistics(outcome: Outcome) -> None:
    assert statistics.render(outcome) == "1  TL101  gradients-not-applied\n1  TL301  unreduced-loss\n"


def test_fingerprints_do_not_depend_on_where_the_cell_stands() -> None:
    def recognized(*cells: str) -> list[str]:
        source = document(*cells)
        spots = [place(source, "f(model)", occurrence) for occurrence in range(2)]
        found = tuple(Finding("gradients-not-applied", spot, "…", "error") for spot in spots)
        return list(fingerprints(Outcome(documents={PATH: source}).with_findings(found)))

    before = recognized("a = f(model)", "b = f(model)")
    assert before == recognized("import os", "x = 1\na = f(model)", "  b = f(model)")
    assert len(set(before)) == 2
