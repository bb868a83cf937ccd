"""The pages keep their promises: what they say is found is found, and nothing else is, in every program they show."""

from pathlib import Path

import pytest

from tapelint import catalog
from tapelint.run.select import runs_only
from tests.expectations import disagreements, expectations
from tests.linting import findings, write
from tests.pages import Program, programs

PROGRAMS = list(programs())
WRONG = ("Variations",)
RIGHT = ("Instead", "When it is right")


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_a_page_promises_what_is_found(program: Program, tmp_path: Path) -> None:
    write(program.files, tmp_path)
    found = findings(tmp_path)
    page = f"{program.rule.name}.md"
    complaints = []
    for name, text in program.files.items():
        promised = [each for each in expectations(text, program.rule.name) if not _needs_a_run(each.rule)]
        complaints += disagreements(page, promised, found.pop(name, []))
    assert not complaints, "\n".join(complaints)
    assert not found, "findings outside the program"


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_a_program_stands_where_it_belongs(program: Program) -> None:
    wrong = any(
        each.rule == program.rule.name and not each.missed
        for text in program.files.values()
        for each in expectations(text, program.rule.name)
    )
    if program.part in (program.rule.name, *WRONG):
        assert wrong, f"{program} must break the rule"
    elif program.part in RIGHT:
        assert not wrong, f"{program} must not break the rule"


@pytest.mark.parametrize("rule", catalog.rules().values(), ids=lambda rule: rule.name)
def test_a_page_shows_the_rule_broken_and_kept(rule: catalog.Rule) -> None:
    parts = {program.part for program in PROGRAMS if program.rule is rule}
    assert {rule.name, "Instead", "When it is right"} <= parts


def _needs_a_run(rule: str) -> bool:
    return rule in catalog.rules() and runs_only(catalog.rules()[rule])
