"""Where a report goes, and in which format."""

import dataclasses
import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tapelint.cli.guard import Refusal, tell, warn
from tapelint.report.address import shown
from tapelint.run.outcome import Outcome

if TYPE_CHECKING:
    from tapelint.report.html.runs import Run

FOR_PEOPLE = ("full", "concise", "grouped")
FOR_PROGRAMS = {
    "json-lines": "json_lines",
    "sarif": "sarif.log",
    "github": "github",
    "gitlab": "gitlab",
    "junit": "junit",
    "rdjson": "rdjson",
    "lsp": "lsp",
}
"""The modules of these formats, each of which is imported when somebody asks for it."""


When = Literal["auto", "always", "never"]


@dataclasses.dataclass(frozen=True)
class Output:
    """How the user wants to be told: the format, the file (None: standard output), and how much beside the findings."""

    format: str
    file: Path | None = None
    quiet: bool = False
    statistics: bool = False
    colours: When = "auto"

    def __post_init__(self) -> None:
        if self.statistics and self.format not in (*FOR_PEOPLE, "json"):
            known = f"{', '.join(FOR_PEOPLE)} or json"
            raise Refusal(
                f"`--statistics` counts in words or in JSON, not as {self.format}; try `--output-format` {known}"
            )

    def report(self, outcome: Outcome, runs: "Sequence[Run]" = ()) -> None:
        """Prints or writes the findings. Raises Refusal if the file cannot be written."""
        self.write(self._statistics(outcome) if self.statistics else self.findings(outcome, runs))

    def write(self, text: str) -> None:
        """Prints or writes a text. Raises Refusal if the file cannot be written."""
        if self.file is None:
            _print(text, for_programs=self.format not in FOR_PEOPLE)
            return
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.file.write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise Refusal(f"cannot write `{self.file}`: {error.strerror}") from None

    def findings(self, outcome: Outcome, runs: "Sequence[Run]" = ()) -> str:
        """The findings in the format asked for; JSON and the page have the `runs`, too."""
        match self.format:
            case "full":
                from tapelint.report import full

                return full.render(self._spoken(outcome), colour=self.colour, width=self.width, total=not self.quiet)
            case "concise":
                from tapelint.report import concise

                return concise.render(self._spoken(outcome), colour=self.colour, total=not self.quiet)
            case "grouped":
                from tapelint.report import grouped

                return grouped.render(self._spoken(outcome), colour=self.colour, total=not self.quiet)
            case "json":
                from tapelint.report import json

                return json.render(outcome, runs)
            case "html":
                from tapelint.report.html import page

                return page.render(outcome, runs)
            case _:
                return _for_programs(outcome, self.format)

    @property
    def colour(self) -> bool:
        """Whether a report for people has colours."""
        from tapelint.report.terminal import has_colour

        if self.colours != "auto":
            return self.colours == "always"
        return self.file is None and has_colour(sys.stdout)

    @property
    def width(self) -> int | None:
        """The columns a line may have; None where lines have no end."""
        from tapelint.report.terminal import width

        return None if self.file else width(sys.stdout)

    def _spoken(self, outcome: Outcome) -> Outcome:
        """The outcome without what has been told on standard error already: a terminal shows both."""
        return outcome if self.file else dataclasses.replace(outcome, crashes=(), failures={}, skipped={})

    def _statistics(self, outcome: Outcome) -> str:
        from tapelint.report import statistics

        return statistics.for_programs(outcome) if self.format == "json" else statistics.render(outcome)


def _for_programs(outcome: Outcome, format: str) -> str:
    render: Callable[[Outcome], str] = importlib.import_module(f"tapelint.report.{FOR_PROGRAMS[format]}").render
    return render(outcome)


def tell_troubles(outcome: Outcome, *, verbose: bool) -> None:
    """Says on standard error which files could not be linted."""
    for path, reason in outcome.skipped.items():
        warn(f"{shown(path)}: {reason}; skipped")
    for path, reason in outcome.failures.items():
        tell(f"error: {shown(path)}: {reason}")
    for crash in outcome.crashes:
        tell(f"error: {crash.culprit} crashed on {shown(crash.path)}: {crash.error}; please report it")
        if verbose:
            tell(crash.traceback)


def _print(text: str, *, for_programs: bool) -> None:
    if for_programs and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    elif hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.stdout.write(text)
    sys.stdout.flush()
