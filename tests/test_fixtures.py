"""The fixtures are whole programs: in the broken ones exactly the planted is found, in the correct ones nothing."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tapelint import catalog
from tapelint.finding import Finding
from tapelint.run.expectations import Expectation, disagreements, expectations
from tapelint.run.lint import lint
from tapelint.run.settings import Settings

FIXTURES = Path(__file__).parent.parent / "fixtures"
EVERYTHING = Settings(rules=frozenset(catalog.rules()), jobs=1)
LABELS = json.loads((FIXTURES / "reports" / "labels.json").read_text(encoding="utf-8"))


def programs(*folders: str) -> list[Path]:
    found = (path for folder in folders for path in (FIXTURES / folder).iterdir())
    return sorted(path for path in found if path.suffix in (".py", ".ipynb"))


CORRECTED = [path for path in programs("reports") if path.name.endswith(".fixed.py")]


def promised(path: Path) -> list[Expectation]:
    return list(expectations(path.read_text(encoding="utf-8")))


def found(path: Path) -> list[Finding]:
    """What is found in a program on its own. The fixtures of one folder have nothing to do with each other."""
    outcome = lint([path], EVERYTHING)
    assert outcome.complete, (outcome.crashes, outcome.failures)
    return list(outcome.findings)


def loud(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity in ("error", "warning")]


@pytest.mark.parametrize("path", programs("broken", "seeds"), ids=lambda path: path.stem)
def test_exactly_the_planted_is_found(path: Path) -> None:
    complaints = disagreements(path.name, promised(path), found(path))
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("path", programs("reports"), ids=lambda path: path.stem)
def test_a_report_is_understood(path: Path) -> None:
    """Remarks are left out: many of these programs run eagerly, and none is about that."""
    rules = {each.rule for each in promised(path)}
    heard = [each for each in found(path) if each in loud([each]) or each.rule in rules]
    complaints = disagreements(path.name, promised(path), heard)
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("path", programs("clean"), ids=lambda path: path.stem)
def test_nothing_is_found_in_a_correct_program(path: Path) -> None:
    """At no level, but that some run eagerly: it is true, and what a few of them have to do."""
    heard = [each for each in found(path) if each.rule != "missing-tf-function"]
    complaints = disagreements(path.name, [], heard)
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("folder", ["broken", "clean", "reports", "seeds"])
def test_neighbours_change_nothing(folder: str) -> None:
    """A directory of scripts that do not import each other is not one program."""
    together = lint([FIXTURES / folder], EVERYTHING).findings
    alone = [finding for path in programs(folder) for finding in found(path)]
    assert Counter(map(_where, together)) == Counter(map(_where, alone))


@pytest.mark.parametrize("path", programs("broken", "seeds"), ids=lambda path: path.stem)
def test_a_broken_program_says_what_is_broken(path: Path) -> None:
    assert promised(path)
    assert {each.rule for each in promised(path)} <= catalog.rules().keys()


@pytest.mark.parametrize("path", [*CORRECTED, *programs("clean")], ids=lambda path: path.stem)
def test_a_correct_program_promises_nothing(path: Path) -> None:
    assert promised(path) == []


@pytest.mark.parametrize("label", LABELS, ids=lambda label: label["file"])
def test_a_label_is_promised_in_the_program(label: dict[str, list[str]]) -> None:
    """The labels come from those who rebuilt the reports; the comments must not say less."""
    assert set(label["rules"]) & catalog.rules().keys() <= {
        each.rule for each in promised(FIXTURES / "reports" / str(label["file"]))
    }


def test_there_are_enough_correct_programs() -> None:
    assert len(programs("clean")) >= 40


def _where(finding: Finding) -> tuple[str, int, str, str]:
    return finding.place.path.name, finding.place.span.start.line, finding.rule, finding.message
