"""An outcome with everything in it that a report can stumble over."""

import dataclasses
from pathlib import Path

from tapelint.finding import Finding, Fix, Place, TrailStep, Verdict
from tapelint.run.outcome import Crash, Outcome
from tapelint.source.disk import Files
from tapelint.source.document import Document
from tapelint.source.edit import Edit
from tapelint.source.notebook import read_notebook
from tapelint.source.span import Position, Span
from tests.notebooks import notebook
from tests.report.programs import marked

HOSTILE = Path("a b/100%,:[#]?é\N{ROCKET}\n::error::x.py")
"""A name that says something else wherever it is not escaped."""
BOOK = Path("study.ipynb")
CELLS = ("import keras\n\n'\N{ROCKET}'; g = tape.gradient(loss, w)\n", "x = 1")
BOOK_FILE = notebook("# Study", *CELLS, prose=[1])


def at(path: Path, line: int, start: int, end: int, cell: int | None = None) -> Place:
    """A place on one line."""
    return Place(path, Span(Position(line, start), Position(line, end)), cell)


def hostile() -> Outcome:
    """Two findings in a file with a hostile name: one with a trail into another file and a fix, one over two lines."""
    text, (first, second) = marked("'\N{ROCKET}'; g = «grad(l, w)»\nwith «tape:\n    pass»\n")
    steps = (
        TrailStep(at(HOSTILE, 1, 1, 4), "made here: 100%, [see](there)"),
        TrailStep(at(Path("lib/steps.py"), 7, 3, 9), "passed here\r\nand there"),
    )
    edits = (Edit(Span(first.start, first.start), "keep("), Edit(Span(first.end, first.end), ")\nopt.apply(g)"))
    fix = Fix("apply, with `opt`: 100%", "unsafe", edits)
    findings = (
        Finding(
            "gradients-not-applied", Place(HOSTILE, first), "`[w](x)` stays: 100%\n::error::y", "error", steps, fix
        ),
        Finding("forward-outside-tape", Place(HOSTILE, second), "\x1b[31mred\x00", "warning"),
    )
    return Outcome(findings, files=1, documents={HOSTILE: Document(HOSTILE, text)})


def in_notebook() -> Outcome:
    """A finding in the third line of the second cell of a notebook, with a step of its trail above it, and a fix."""
    document = Files({BOOK: BOOK_FILE.encode()}).placed(read_notebook(BOOK, BOOK_FILE.encode()))
    place = at(BOOK, 3, 6, 31, cell=2)
    trail = (TrailStep(at(BOOK, 1, 1, 13, cell=2), "imported here"),)
    fix = Fix("forget it", "safe", (Edit(place.span, "pass"),))
    finding = Finding("gradients-not-applied", place, "`w` is never updated", "error", trail, fix)
    return Outcome((finding,), files=1, documents={BOOK: document})


def judged(kind: str) -> Outcome:
    """A finding that running the program has said something about."""
    verdict = {
        "confirmed": Verdict("confirmed", "4 of 4 variables are the same"),
        "refuted": Verdict("refuted", "all 4 variables moved"),
        "unreached": Verdict("unreached", "the script ended before"),
        "unable": Verdict("unable", "it reads what is not there"),
    }[kind]
    (finding, *_) = in_notebook().findings
    place = at(Path("train.py"), 2, 1, 4)
    judged = dataclasses.replace(finding, place=place, trail=(), fix=None, verdict=verdict)
    return Outcome((judged,), files=1, documents={place.path: Document(place.path, "import keras\ngrad\n")})


def incomplete() -> Outcome:
    """A run in which one file could not be read, one was skipped, and tapelint crashed on one."""
    return Outcome(
        files=3,
        crashes=(Crash(Path("c.py"), "KeyError: 'x'", "Traceback …"),),
        failures={HOSTILE: "permission denied"},
        skipped={Path("e.ipynb"): "the notebook is in R"},
    )


def everything() -> Outcome:
    """All of these in one run, in the order of a run."""
    parts = [hostile(), in_notebook(), judged("confirmed"), judged("refuted")]
    documents = {path: document for part in parts for path, document in part.documents.items()}
    whole = dataclasses.replace(incomplete(), documents=documents, files=7)
    return whole.with_findings(tuple(finding for part in parts for finding in part.findings))
