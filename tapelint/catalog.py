"""The rules, as their pages declare them."""

import difflib
import functools
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from tapelint.plugins import OURS, Plugin, plugins
from tapelint.source.markdown import fences

Category = Literal["correctness", "suspicious", "performance", "reproducibility", "migration", "pedantic"]
Severity = Literal["error", "warning", "info", "off"]
Precision = Literal["high", "medium", "low"]
Safety = Literal["safe", "unsafe"]

SEVERITY_OF: Mapping[Category, Severity] = MappingProxyType(
    {
        "correctness": "error",
        "suspicious": "warning",
        "performance": "warning",
        "reproducibility": "info",
        "migration": "info",
        "pedantic": "off",
    }
)


class BrokenPage(ValueError):
    """A page that declares its rule wrongly; the message names the page and the key."""


class UnknownRule(LookupError):
    """A name that no rule has; the message names the nearest one that exists."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One promise of the rulebook. `severity` is the level it has when it is on; a preview rule is off until asked for.

    `probe` names the observation that confirms a finding when the program is run, `text` is the whole page. `plugin` is
    the package that brings it, None for tapelint itself, and `url` is where the page of such a rule is to be read.
    """

    name: str
    code: str
    category: Category
    severity: Severity
    precision: Precision
    since: str
    fix: Safety | None
    probe: str | None
    summary: str
    preview: bool
    aliases: tuple[str, ...]
    text: str
    plugin: str | None = None
    url: str | None = None


def rules() -> Mapping[str, Rule]:
    """Every rule by its name, in the order of the codes."""
    return _read_all()


def find(name: str) -> Rule | None:
    """The rule with this name, code (in either case) or former name."""
    return _by_any_name().get(name) or _by_any_name().get(name.upper())


def named(name: str) -> Rule:
    """The rule with this name, code or former name. Raises UnknownRule, with the nearest name that exists."""
    rule = find(name)
    if rule is None:
        near = nearest(name)
        raise UnknownRule(f"there is no rule `{name}`" + (f", did you mean `{near}`?" if near else ""))
    return rule


def nearest(name: str) -> str | None:
    """The name or code that `name` looks most like, if any does."""
    for spelling in (name, name.upper()):
        if close := difflib.get_close_matches(spelling, _by_any_name(), n=1, cutoff=0.6):
            return close[0]
    return None


def load(shelf: Path, plugin: Plugin | None = None, others: Iterable[Rule] = ()) -> Mapping[str, Rule]:
    """The rules of the pages in a folder, by name, in the order of the codes, beside others. Raises BrokenPage."""
    pages = (path for path in shelf.glob("*.md") if path.name != "README.md")
    loaded = sorted(
        (read(path.stem, path.read_text(encoding="utf-8"), plugin) for path in pages), key=lambda rule: rule.code
    )
    taken = {name: _owner(rule) for rule in others for name in _names(rule)}
    for rule in loaded:
        for name in _names(rule):
            if name in taken:
                raise BrokenPage(f"{rule.name}.md: `{name}` already belongs to {taken[name]}")
            taken[name] = _owner(rule)
    return MappingProxyType({rule.name: rule for rule in loaded})


def _names(rule: Rule) -> tuple[str, ...]:
    return (rule.name, rule.code, *rule.aliases)


def _owner(rule: Rule) -> str:
    return f"{rule.name}.md" if rule.plugin is None else f"{rule.name}.md of {rule.plugin}"


def read(name: str, text: str, plugin: Plugin | None = None) -> Rule:
    """The rule that the page `name`.md declares in its first `toml` block. Raises BrokenPage."""
    block = next((fence for fence in fences(text) if fence.language == "toml"), None)
    if block is None:
        raise BrokenPage(f"{name}.md: has no `toml` block that declares the rule")
    try:
        keys = tomllib.loads(block.text)
    except tomllib.TOMLDecodeError as error:
        raise BrokenPage(f"{name}.md: the `toml` block is not TOML: {error}") from None
    _check(name, keys, plugin)
    keys["aliases"] = tuple(keys.get("aliases", ()))
    optional = {"severity": SEVERITY_OF[keys["category"]], "fix": None, "probe": None, "preview": False}
    return Rule(**optional | keys, name=name, text=text, plugin=str(plugin) if plugin else None)


def _check(name: str, keys: Mapping[str, Any], plugin: Plugin | None) -> None:
    """Raises BrokenPage for the first key that is unknown, missing or has a value it cannot have."""
    known = _KEYS if plugin is None else _keys_of(plugin)
    if not _is_name(name):
        raise BrokenPage(
            f"{name}.md: the name of a rule is made of small letters and digits, with hyphens between words"
        )
    for key, value in keys.items():
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            raise BrokenPage(f"{name}.md: unknown key `{key}`" + (f", did you mean `{close[0]}`?" if close else ""))
        accepts, demand = known[key]
        if not accepts(value):
            raise BrokenPage(f"{name}.md: `{key}` must be {demand}, not {value!r}")
    for key in _REQUIRED if plugin is None else (*_REQUIRED, "url"):
        if key not in keys:
            raise BrokenPage(f"{name}.md: the key `{key}` is missing")


def _matching(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _one_of(choices: Any) -> tuple[Callable[[Any], bool], str]:
    values = get_args(choices)
    return lambda value: value in values, "one of " + ", ".join(values)


_NAME = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
_is_name = _matching(_NAME)
_KEYS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "code": (_matching(OURS + r"\d{3}"), f"`{OURS}` and three digits"),
    "category": _one_of(Category),
    "severity": _one_of(Severity),
    "precision": _one_of(Precision),
    "since": (_matching(r"\d+\.\d+"), 'a version such as "0.1"'),
    "fix": _one_of(Safety),
    "probe": (_is_name, "the name of an observation"),
    "summary": (_matching(r".+"), "one line of text"),
    "preview": (lambda value: isinstance(value, bool), "true or false"),
    "aliases": (lambda value: isinstance(value, list) and all(map(_is_name, value)), "a list of former names"),
}


def _keys_of(plugin: Plugin) -> Mapping[str, tuple[Callable[[Any], bool], str]]:
    """What the pages of a plugin may declare. No observation of the probe is about a rule that it does not know."""
    own = {
        "code": (_matching(plugin.prefix + r"\d{3}"), f"`{plugin.prefix}` and three digits"),
        "url": (_matching(r"https?://\S+"), "the address of the page"),
    }
    return {key: value for key, value in _KEYS.items() if key != "probe"} | own


_REQUIRED = ("code", "category", "precision", "since", "summary")


def _shelf() -> Path:
    """Where the pages lie: inside the wheel, or beside the package in a checkout."""
    package = Path(__file__).parent
    packed = package / "rules"
    return packed if packed.is_dir() else package.parent / "rules"


@functools.cache
def _read_all() -> Mapping[str, Rule]:
    known = dict(_own())
    for plugin in plugins():
        try:
            known |= load(plugin.shelf, plugin, known.values())
        except BrokenPage as error:
            raise plugin.broken(str(error)) from error
    return MappingProxyType(known)


@functools.cache
def _own() -> Mapping[str, Rule]:
    return load(_shelf())


@functools.cache
def _by_any_name() -> Mapping[str, Rule]:
    return {name: rule for rule in rules().values() for name in _names(rule)}
