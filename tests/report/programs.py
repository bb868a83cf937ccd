"""Findings in short programs whose text shows where they are: «here» is a span."""

from pathlib import Path

from tapelint.finding import Finding, Place, Severity, TrailStep, Verdict
from tapelint.run.outcome import Outcome
from tapelint.source.document import Document
from tapelint.source.span import Position, Span


def marked(text: str) -> tuple[str, list[Span]]:
    """The text without its marks, and the spans that they enclosed, in the order in which those begin."""
    kept, line, column = "", 1, 1
    opened: list[tuple[int, Position]] = []
    closed: dict[int, Span] = {}
    for character in text:
        if character == "«":
            opened.append((len(opened) + len(closed), Position(line, column)))
        elif character == "»":
            number, start = opened.pop()
            closed[number] = Span(start, Position(line, column))
        else:
            kept += character
            line, column = (line + 1, 1) if character == "\n" else (line, column + 1)
    return kept, [closed[number] for number in sorted(closed)]


def outcome(
    text: str,
    *,
    path: Path = Path("train.py"),
    rule: str = "gradients-not-applied",
    severity: Severity = "error",
    message: str = "`model` is never updated",
    verdict: Verdict | None = None,
) -> Outcome:
    """A run over one program, with a finding at every mark."""
    plain, spans = marked(text)
    findings = tuple(Finding(rule, Place(path, span), message, severity, verdict=verdict) for span in spans)
    return Outcome(findings, files=1, documents={path: Document(path, plain)})


def traced(text: str, *messages: str, path: Path = Path("train.py")) -> Outcome:
    """A run over one program with one finding at the first mark, and a step of its trail at each of the others."""
    plain, (span, *steps) = marked(text)
    trail = tuple(TrailStep(Place(path, step), message) for step, message in zip(steps, messages, strict=True))
    finding = Finding("gradients-not-applied", Place(path, span), "`model` is never updated", "error", trail)
    return Outcome((finding,), files=1, documents={path: Document(path, plain)})
