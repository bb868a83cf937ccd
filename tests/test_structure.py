"""The same mistake is found however the program is cut: in files, in classes, in closures, under aliases, in cells."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapelint import catalog
from tapelint.finding import Finding
from tapelint.run.expectations import disagreements, expectations
from tapelint.run.lint import lint
from tapelint.run.settings import Settings

FOLDER = Path(__file__).parent.parent / "fixtures" / "structure"
EVERYTHING = Settings(rules=frozenset(catalog.rules()), jobs=1)
VARIANTS = ("other_module", "inherited_trainer.py", "closure.py", "alias.py", "notebook.ipynb")

# Where a way of writing it makes no sense for a rule, and why.
_NOT_READ = "what does not parse has no classes, functions or imports yet"
EXCEPTIONS = {
    "unparsable-source": {"inherited_trainer.py": _NOT_READ, "closure.py": _NOT_READ, "alias.py": _NOT_READ},
    "unimported-module": {"alias.py": "the mistake is that there is no import, and so none with another spelling"},
}

PROGRAMS = [
    path for folder in sorted(FOLDER.iterdir()) for path in sorted(folder.iterdir()) if not path.name.startswith("_")
]


def rule_of(program: Path) -> str:
    return program.parent.name.replace("_", "-")


# The pages show what each rule finds in methods and over several files, and tests/test_variants.py rewrites them; these
# rules were tried in whole programs besides.
RULES = sorted({rule_of(path) for path in PROGRAMS})


def found(program: Path) -> list[Finding]:
    """What is found at warning or error level, and of the rule that the program breaks at any."""
    outcome = lint([program], EVERYTHING)
    assert outcome.complete, (outcome.crashes, outcome.failures)
    return [
        finding
        for finding in outcome.findings
        if finding.severity in ("error", "warning") or finding.rule == rule_of(program)
    ]


def texts(program: Path) -> Iterator[tuple[Path, int | None, str]]:
    """The texts of a program: each of its files, or each cell of its notebook with the cell's number."""
    for path in sorted(program.rglob("*.py")) if program.is_dir() else [program]:
        if path.suffix == ".ipynb":
            for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"], start=1):
                yield path, number, "".join(cell["source"]) if cell["cell_type"] == "code" else ""
        else:
            yield path, None, path.read_text(encoding="utf-8")


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_exactly_the_planted_is_found(program: Path) -> None:
    left = found(program)
    complaints: list[str] = []
    promised: set[str] = set()
    for path, cell, text in texts(program):
        here = [finding for finding in left if (finding.place.path, finding.place.cell) == (path, cell)]
        expected = list(expectations(text))
        promised |= {each.rule for each in expected if not each.missed}
        name = path.name if cell is None else f"{path.name}: cell {cell}"
        complaints += disagreements(name, expected, here)
        left = [finding for finding in left if finding not in here]
    assert not complaints, "\n".join(complaints)
    assert not left, "findings outside the program"
    assert rule_of(program) in promised


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_broken_in_every_structure(rule: str) -> None:
    wanted = set(VARIANTS) - EXCEPTIONS.get(rule, {}).keys()
    assert wanted <= {path.name for path in PROGRAMS if rule_of(path) == rule}


def test_no_exception_is_out_of_date() -> None:
    there = {(rule_of(path), path.name) for path in PROGRAMS}
    excused = {(rule, variant) for rule, variants in EXCEPTIONS.items() for variant in variants}
    assert {rule for rule, _ in excused} <= set(RULES)
    assert not excused & there
