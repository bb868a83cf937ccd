import pytest

from tapelint import catalog
from tapelint.catalog import Rule
from tapelint.run.select import (
    Selection,
    Selector,
    UnknownSelector,
    on_by_default,
    preview_rules_asked_for,
    rules_in_force,
    runs_only,
)


def rule(code: str, **changes: object) -> Rule:
    facts: dict[str, object] = {
        "name": f"rule-{code[2:]}",
        "code": code,
        "category": "suspicious",
        "severity": "warning",
        "precision": "high",
        "since": "0.1",
        "fix": None,
        "probe": None,
        "summary": "a rule of these tests",
        "preview": False,
        "aliases": (),
        "text": "",
    }
    return Rule(**facts | changes)  # type: ignore[arg-type]


SHELF = {
    each.name: each
    for each in (
        rule("TL101"),
        rule("TL102"),
        rule("TL110", severity="off"),
        rule("TL150"),
        rule("TL201", preview=True),
        rule("TL202", precision="low"),
    )
}


@pytest.fixture(autouse=True)
def shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "rules", lambda: SHELF)
    by_code = {each.code: each for each in SHELF.values()}
    monkeypatch.setattr(catalog, "_by_any_name", lambda: {**SHELF, **by_code})


def on(*selections: Selection, preview: bool = False, **levels: str) -> str:
    spelled = {name.replace("_", "-"): level for name, level in levels.items()}
    return " ".join(sorted(SHELF[name].code for name in rules_in_force(selections, preview=preview, levels=spelled)))


def test_pedantic_preview_and_imprecise_rules_wait_to_be_asked_for() -> None:
    assert on() == "TL101 TL102 TL150"
    assert on(preview=True) == "TL101 TL102 TL150 TL201"
    assert not on_by_default(SHELF["rule-202"], preview=True)


def test_select_starts_anew_and_extend_select_adds() -> None:
    assert on(Selection(select=("TL102",))) == "TL102"
    assert on(Selection(extend_select=("rule-110",))) == "TL101 TL102 TL110 TL150"


def test_prefixes_and_all_select_what_is_off_by_default_too() -> None:
    assert on(Selection(select=("TL1",))) == "TL101 TL102 TL110 TL150"
    assert on(Selection(select=("tl11",))) == "TL110"
    assert on(Selection(select=("ALL",))) == "TL101 TL102 TL110 TL150 TL202"


def test_the_more_specific_selector_wins_and_ignore_wins_a_tie() -> None:
    assert on(Selection(select=("TL1",), ignore=("TL101",))) == "TL102 TL110 TL150"
    assert on(Selection(select=("TL101",), ignore=("TL1",))) == "TL101"
    assert on(Selection(select=("TL1",), ignore=("TL1",))) == ""
    assert on(Selection(select=("rule-101",), ignore=("TL101",))) == ""


def test_a_later_layer_amends_an_earlier_one() -> None:
    assert on(Selection(select=("TL1",)), Selection(ignore=("TL15",))) == "TL101 TL102 TL110"
    assert on(Selection(ignore=("TL101",)), Selection(select=("TL1",))) == "TL101 TL102 TL110 TL150"


def test_a_level_turns_a_rule_on_or_off() -> None:
    assert on(rule_110="info") == "TL101 TL102 TL110 TL150"
    assert on(rule_101="off") == "TL102 TL150"
    assert on(Selection(select=("TL101",)), rule_101="off") == ""


def test_preview_rules_need_preview_and_asking_for_one_is_noticed() -> None:
    asked = Selection(select=("TL201", "TL2"))
    assert on(asked) == "TL202"
    assert on(asked, preview=True) == "TL201 TL202"
    assert preview_rules_asked_for([asked], rules_in_force([asked])) == ["TL201"]
    assert preview_rules_asked_for([asked], rules_in_force([asked], preview=True)) == []


def test_an_unknown_selector_names_the_nearest() -> None:
    with pytest.raises(UnknownSelector, match="did you mean `rule-101`"):
        Selector.parse("rule-1001")
    with pytest.raises(UnknownSelector, match="`TX9`"):
        Selector.parse("TX9")


def test_rules_found_by_running_only_have_high_numbers() -> None:
    assert runs_only(SHELF["rule-150"])
    assert not runs_only(SHELF["rule-110"])
