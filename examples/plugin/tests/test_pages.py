"""The pages keep their promises: what they say is found is found, and nothing else is, in every program they show."""

import pytest

from tapelint import Rule, rules
from tapelint.run.pages import broken_promises

OWN = [rule for rule in rules().values() if rule.code.startswith("ACME")]


@pytest.mark.parametrize("rule", OWN, ids=lambda rule: rule.name)
def test_a_page_keeps_its_promises(rule: Rule) -> None:
    assert broken_promises(rule) == []


def test_there_are_pages() -> None:
    assert OWN
