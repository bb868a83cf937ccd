"""The part of the full report that is about one finding: title, code, trail, verdict, fix and help."""

from collections.abc import Iterator, Sequence

from tapelint.catalog import named
from tapelint.finding import Finding, Place, TrailStep
from tapelint.report.address import coordinates, shown
from tapelint.report.fold import fold
from tapelint.report.frame import Frame, Mark
from tapelint.report.ink import SEVERITIES, VERDICTS, Line, Piece, defuse
from tapelint.run.outcome import Outcome

WIDTH = 160
"""Cells for a line of code where the lines of the report have no end."""

NARROWEST = 24
"""Cells that a line of code gets however narrow the terminal is."""


class Sheet:
    """The composition of that part, for lines of `width` cells."""

    def __init__(self, outcome: Outcome, finding: Finding, width: int | None) -> None:
        self.documents = outcome.documents
        self.finding = finding
        self.width = width
        places = [finding.place, *(step.place for step in finding.trail)]
        gutter = max(len(str(place.span.end.line)) for place in places)
        self.frame = Frame(gutter, max((width or WIDTH) - gutter - len(" | "), NARROWEST))

    def draw(self) -> Iterator[Line]:
        yield from self._title()
        yield self._arrow(self.finding.place)
        yield from self._code()
        yield from self._trail()
        yield from self._notes()

    def _title(self) -> Iterator[Line]:
        finding = self.finding
        label = f"{finding.severity}[{named(finding.rule).code} {finding.rule}]:"
        line: Line = ((label, SEVERITIES[finding.severity]), (f" {defuse(finding.message)}", "strong"))
        yield from fold(line, self.width, indent=4)

    def _arrow(self, place: Place) -> Line:
        return (" " * self.frame.gutter + "--> ", "gutter"), (defuse(shown(place.path)) + coordinates(place), "path")

    def _code(self) -> Iterator[Line]:
        lines = self._lines(self.finding.place)
        if not lines:
            return
        yield self.frame.edge()
        mark = Mark(self.finding.place.span, "^", SEVERITIES[self.finding.severity])
        yield from self.frame.draw(lines, mark, before=2, after=1)
        yield self.frame.edge()

    def _trail(self) -> Iterator[Line]:
        """The steps in their order, each with its line of code; a new file is announced, left-out lines are shown."""
        if not self.finding.trail:
            return
        yield from self._note("trail", ("how it comes to this", "plain"))
        yield self.frame.edge()
        place, line = self.finding.place, None
        for number, step in enumerate(self.finding.trail, start=1):
            if (step.place.path, step.place.cell) != (place.path, place.cell):
                yield self._arrow(step.place)
            elif line is not None and step.place.span.start.line not in (line, line + 1):
                yield self.frame.gap()
            yield from self._step(number, step)
            place, line = step.place, step.place.span.end.line
        yield self.frame.edge()

    def _step(self, number: int, step: TrailStep) -> Iterator[Line]:
        lines = self._lines(step.place)
        label = f"{number}. {step.message}"
        if not lines:
            yield self.frame.edge((defuse(label), "step"))
        else:
            yield from self.frame.draw(lines, Mark(step.place.span, "-", "step", label))

    def _lines(self, place: Place) -> Sequence[str]:
        """The lines that the place is counted in, as far as they are known."""
        document = self.documents.get(place.path)
        return document.lines_of(place.cell) if document else ()

    def _notes(self) -> Iterator[Line]:
        finding = self.finding
        if finding.verdict:
            kind = finding.verdict.kind
            yield from self._note("probe", (kind, VERDICTS[kind]), (f": {defuse(finding.verdict.detail)}", "plain"))
        if finding.fix:
            yield from self._note("fix", (f"{defuse(finding.fix.title)} ({finding.fix.safety})", "plain"))
        yield from self._note("help", (f"tapelint explain {finding.rule}", "plain"))

    def _note(self, name: str, *text: Piece) -> Iterator[Line]:
        margin, lead = " " * (self.frame.gutter + 1), f"= {name}: "
        line: Line = ((margin, "plain"), ("= ", "gutter"), (f"{name}: ", "note"), *text)
        yield from fold(line, self.width, indent=len(margin + lead))
