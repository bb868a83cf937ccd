"""The pages keep their promises: what they say is found is found, and nothing else is, in every program they show."""

import pytest

from tapelint import catalog
from tapelint.run.pages import RIGHT, Program, complaints, misplaced, programs

PROGRAMS = list(programs())


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_a_page_promises_what_is_found(program: Program) -> None:
    assert complaints(program) == []


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_a_program_stands_where_it_belongs(program: Program) -> None:
    assert misplaced(program) == []


@pytest.mark.parametrize("rule", catalog.rules().values(), ids=lambda rule: rule.name)
def test_a_page_shows_the_rule_broken_and_kept(rule: catalog.Rule) -> None:
    parts = {program.part for program in PROGRAMS if program.rule is rule}
    assert {rule.name, *RIGHT} <= parts
