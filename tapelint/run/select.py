"""Which rules a list of names, codes and prefixes of codes means."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from tapelint import catalog
from tapelint.catalog import Rule

_PREFIX = re.compile(r"TL\d{0,2}", re.IGNORECASE)
_ONE_RULE = 9


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
        if _PREFIX.fullmatch(text) and (begun := tuple(rule for rule in every if rule.code.startswith(text.upper()))):
            return cls(text, len(text), begun)
        try:
            return cls(text, _ONE_RULE, (catalog.named(text),))
        except catalog.UnknownRule as error:
            raise UnknownSelector(str(error)) from None


@dataclass(frozen=True, slots=True)
class Selection:
    """One layer's say in which rules are on: the command line's, or that of a configuration file."""

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


def runs_only(rule: Rule) -> bool:
    """Whether the rule is found by running a program and never by reading it."""
    return rule.code[-2:] >= "50"


def on_by_default(rule: Rule, *, preview: bool) -> bool:
    """Whether a rule is on when nobody speaks of it. Rules of low precision wait to be asked for."""
    return rule.severity != "off" and rule.precision != "low" and (preview or not rule.preview)


def rules_in_force(
    selections: Iterable[Selection], *, preview: bool = False, levels: Mapping[str, str] | None = None
) -> frozenset[str]:
    """The names of the rules that are on after all layers, the farthest first, have spoken.

    Within a layer the more specific selector wins, and `ignore` wins over `select` where both are equally specific. A
    layer with `select` starts anew, one without it amends what the layers before it decided. A level given to a rule
    turns it on or, being `off`, turns it off. Preview rules stay off without `preview`, whoever asks for them.
    """
    levels = levels or {}
    every = catalog.rules()
    chosen = {name for name, rule in every.items() if name in levels or on_by_default(rule, preview=preview)}
    for selection in selections:
        said = _said(selection)
        wanted = {name for name, on in said.items() if on}
        chosen = wanted if selection.select is not None else (chosen - said.keys()) | wanted
    return frozenset(name for name in chosen if levels.get(name) != "off" and (preview or not every[name].preview))


def preview_rules_asked_for(selections: Iterable[Selection], rules: Collection[str]) -> list[str]:
    """The selectors that name a single preview rule which stays off because `preview` is not on."""
    return [
        selector.text
        for selection in selections
        for selector in map(Selector.parse, (*(selection.select or ()), *selection.extend_select))
        if selector.rank == _ONE_RULE and selector.rules[0].preview and selector.rules[0].name not in rules
    ]


def _said(selection: Selection) -> dict[str, bool]:
    """What a layer says about each rule it speaks of."""
    on = [(Selector.parse(text), True) for text in (*(selection.select or ()), *selection.extend_select)]
    off = [(Selector.parse(text), False) for text in selection.ignore]
    ranked = sorted([*on, *off], key=lambda pair: (pair[0].rank, not pair[1]))
    return {rule.name: on for selector, on in ranked for rule in selector.rules}
