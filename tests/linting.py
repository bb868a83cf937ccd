"""Linting small programs with all rules on, previews included."""

from collections.abc import Mapping
from pathlib import Path

from tapelint import catalog
from tapelint.finding import Finding
from tapelint.run.lint import lint
from tapelint.run.settings import Settings


def write(files: Mapping[str, str], folder: Path) -> None:
    """Puts a program's files into a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def findings(folder: Path) -> dict[str, list[Finding]]:
    """What is found in the files below a folder, by the file's path inside it. A crash of tapelint is an error."""
    outcome = lint([folder], Settings(rules=frozenset(catalog.rules()), jobs=1))
    assert outcome.complete, (outcome.crashes, outcome.failures)
    found: dict[str, list[Finding]] = {}
    for finding in outcome.findings:
        found.setdefault(finding.place.path.relative_to(folder).as_posix(), []).append(finding)
    return found
