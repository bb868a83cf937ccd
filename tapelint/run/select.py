"""Which rules a list of names, codes and prefixes of codes means."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from tapelint import catalog
from tapelint.catalog import Rule

_CODE = re.compile(r"([A-Z]+)(\d*)")
_ONE_RULE = 99
_FIRST_BY_RUNNING = 50
"""In every family, the numbers from here on belong to rules that only a run can find."""


class UnknownSelector(LookupError):
    """A selector that means no rule; the message names the nearest that does."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A rule's name or code, the beginning of codes (`TL1`), or `ALL`. The higher rank is the more specific."""

    text: str
    rank: int
    rules: tuple[Rule, ...]

    @classmethod
    def parse(cls, text: str) -> "Selector":
        """The selector that is written so. Raises UnknownSelector."""
        every = tuple(catalog.rules().values())
        if text.upper() == "ALL":
            return cls(text, 0, every)
        if begun := tuple(rule for rule in every if text.upper() in _beginnings(rule)):
            return cls(text, 1 + len(_digits(text.upper())), begun)
        try:
            return cls(text, _ONE_RULE, (catalog.named(text),))
        except catalog.UnknownRule as error:
            raise UnknownSelector(str(error)) from None


def spellings() -> Iterator[str]:
    """Every selector that means something, as it is best written: ALL, beginnings of codes, codes, names."""
    yield "ALL"
    every = catalog.rules().values()
    yield from dict.fromkeys(start for rule in every for start in _beginnings(rule))
    for rule in every:
        yield from (rule.code, rule.name)


def _beginnings(rule: Rule) -> Iterator[str]:
    """What a rule's code begins with: its letters, and its digits one by one without the last."""
    digits = _digits(rule.code)
    letters = rule.code.removesuffix(digits)
    yield from (letters + digits[:count] for count in range(len(digits)))


def _digits(code: str) -> str:
    match = _CODE.fullmatch(code)
    return match[2] if match else ""


@dataclass(frozen=True, slots=True)
class Selection:
    """One layer's say in which rules are on: the command line's, or that of a configuration file."""

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether a rule is on. Who decided it: the selection of this number, with this selector; None if nobody did.

    The selector is empty where a selection has named others and thereby not this one.
    """

    on: bool
    selection: int | None = None
    selector: str = ""


def runs_only(rule: Rule) -> bool:
    """Whether the rule is found by running a program and never by reading it; the rules of plugins are not."""
    return rule.plugin is None and int(rule.code[-2:]) >= _FIRST_BY_RUNNING


def on_by_default(rule: Rule, *, preview: bool) -> bool:
    """Whether a rule is on when nobody speaks of it. Rules of low precision wait to be asked for."""
    return rule.severity != "off" and rule.precision != "low" and (preview or not rule.preview)


def choices(begin: Mapping[str, bool], selections: Iterable[Selection]) -> dict[str, Choice]:
    """What becomes of rules after all selections, the farthest first, have spoken.

    Within one the more specific selector wins, and `ignore` wins over `select` where both are equally specific. One
    with `select` starts anew, one without it amends what those before it decided.
    """
    chosen = {name: Choice(on) for name, on in begin.items()}
    for number, selection in enumerate(selections):
        if selection.select is not None:
            chosen = {name: Choice(False, number) for name in chosen}
        chosen |= _said(selection, number)
    return chosen


def rules_in_force(
    selections: Iterable[Selection], *, preview: bool = False, levels: Mapping[str, str] | None = None
) -> frozenset[str]:
    """The names of the rules that are on after all layers, the farthest first, have spoken.

    A level given to a rule turns it on or, being `off`, turns it off. Preview rules stay off without `preview`, whoever
    asks for them.
    """
    levels = levels or {}
    every = catalog.rules()
    chosen = choices(at_first(preview=preview, levels=levels), selections)
    return frozenset(
        name
        for name, choice in chosen.items()
        if choice.on and levels.get(name) != "off" and (preview or not every[name].preview)
    )


def at_first(*, preview: bool, levels: Collection[str]) -> dict[str, bool]:
    """For each rule, whether it is on before anything is selected."""
    return {name: name in levels or on_by_default(rule, preview=preview) for name, rule in catalog.rules().items()}


def preview_rules_asked_for(selections: Iterable[Selection], rules: Collection[str]) -> list[str]:
    """The selectors that name a single preview rule which stays off because `preview` is not on."""
    return [
        selector.text
        for selection in selections
        for selector in map(Selector.parse, (*(selection.select or ()), *selection.extend_select))
        if selector.rank == _ONE_RULE and selector.rules[0].preview and selector.rules[0].name not in rules
    ]


def _said(selection: Selection, number: int) -> dict[str, Choice]:
    """What a layer says about each rule it speaks of."""
    on = [(Selector.parse(text), True) for text in (*(selection.select or ()), *selection.extend_select)]
    off = [(Selector.parse(text), False) for text in selection.ignore]
    ranked = sorted([*on, *off], key=lambda pair: (pair[0].rank, not pair[1]))
    return {rule.name: Choice(on, number, selector.text) for selector, on in ranked for rule in selector.rules}
