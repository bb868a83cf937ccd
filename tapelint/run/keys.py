"""The keys of the configuration, and what each of them accepts."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tapelint import catalog
from tapelint.program.target import TARGETS
from tapelint.program.wrappers import ROLES
from tapelint.run.select import Selector, UnknownSelector
from tapelint.run.settings import LEVELS, OUTPUT_FORMATS, THRESHOLDS
from tapelint.source.patterns import BadPattern, Patterns

COMMAND_LINE_ONLY = frozenset(
    (
        *("config", "diff", "exit-non-zero-on-fix", "exit-zero", "isolated", "no-cache", "output-file", "probe"),
        *("quiet", "seconds", "statistics"),
        *("stdin-filename", "steps", "verbose", "version"),
    )
)


class BadValue(ValueError):
    """A value that a key cannot have. `inside` leads from the key to the part that is at fault."""

    def __init__(self, message: str, *inside: str) -> None:
        super().__init__(message)
        self.inside = inside


def unknown(key: str) -> str:
    """What to tell whoever wrote a key that does not exist."""
    if key in COMMAND_LINE_ONLY:
        return f"`{key}` is an option of the command line, not a setting"
    close = difflib.get_close_matches(key.replace("_", "-"), KEYS, n=1)
    return f"unknown key `{key}`" + (f", did you mean `{close[0]}`?" if close else "")


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise BadValue(f"must be true or false, not {_shown(value)}")
    return value


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise BadValue(f"must be a whole number above 0, not {_shown(value)}")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise BadValue(f"must be a list of strings, not {_shown(value)}")
    return tuple(value)


def _selectors(value: object, *inside: str) -> tuple[str, ...]:
    texts = _texts(value)
    for text in texts:
        try:
            Selector.parse(text)
        except UnknownSelector as error:
            raise BadValue(f"is wrong: {error}", *inside) from None
    return texts


def _patterns(value: object) -> tuple[str, ...]:
    texts = _texts(value)
    try:
        Patterns(Path("/"), texts).check()
    except BadPattern as error:
        raise BadValue(f"is wrong: {error}") from None
    return texts


def _one_of(choices: Sequence[str]) -> Callable[[object], str]:
    def check(value: object, *inside: str) -> str:
        if value in choices:
            return str(value)
        close = difflib.get_close_matches(value, choices, n=1) if isinstance(value, str) else []
        hint = f", did you mean `{close[0]}`?" if close else ""
        raise BadValue(f"must be one of {', '.join(choices)}, not {_shown(value)}{hint}", *inside)

    return check


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadValue(f"must be a table, not {_shown(value)}")
    return value


def _ignores(value: object) -> dict[str, tuple[str, ...]]:
    ignores = {}
    for pattern, selectors in _table(value).items():
        try:
            Patterns(Path("/"), (pattern.removeprefix("!"),)).check()
            ignores[pattern] = _selectors(selectors)
        except (BadPattern, BadValue) as error:
            raise BadValue(f"of `{pattern}` {error}", pattern) from None
    return ignores


def _levels(value: object) -> dict[str, str]:
    levels = {}
    for name, level in _table(value).items():
        try:
            levels[catalog.named(name).name] = _one_of(LEVELS)(level)
        except catalog.UnknownRule as error:
            raise BadValue(f"is wrong: {error}", name) from None
        except BadValue as error:
            raise BadValue(f"of `{name}` {error}", name) from None
    return levels


def _wrappers(value: object) -> dict[str, tuple[str, ...]]:
    wrappers: dict[str, tuple[str, ...]] = {}
    for role, names in _table(value).items():
        if role not in ROLES:
            close = difflib.get_close_matches(role.replace("_", "-"), ROLES, n=1)
            hint = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(ROLES)}"
            raise BadValue(f"has no key `{role}`, {hint}", role)
        try:
            wrappers[role] = _texts(names)
        except BadValue as error:
            raise BadValue(f"of `{role}` {error}", role) from None
        for name in wrappers[role]:
            if not all(part.isidentifier() for part in name.split(".")):
                raise BadValue(f"of `{role}` must be dotted names like `ourlib.optim.step`, not `{name}`", role)
            other = next((known for known, said in wrappers.items() if known != role and name in said), None)
            if other is not None:
                raise BadValue(f"of `{role}` names `{name}`, which is under `{other}` already", role)
    return wrappers


def _target(value: object) -> dict[str, str]:
    table = _table(value)
    for name in table:
        if name != "keras":
            raise BadValue(f"has no key `{name}`, there is keras", name)
    try:
        return {name: _one_of(TARGETS)(version) for name, version in table.items()}
    except BadValue as error:
        raise BadValue(f"of `keras` {error}", "keras") from None


def _shown(value: object) -> str:
    kinds = {str: "the string", bool: "", int: "the number", float: "the number", list: "the list", dict: "a table"}
    kind = kinds.get(type(value), "")
    if isinstance(value, dict):
        return kind
    spelled = str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, list) else f"{value}"
    return f"{kind} `{spelled}`".strip()


KEYS: Mapping[str, Callable[[Any], Any]] = {
    "exclude": _patterns,
    "extend-exclude": _patterns,
    "extend-ignore": _selectors,
    "extend-select": _selectors,
    "fix": _switch,
    "fix-only": _switch,
    "force-exclude": _switch,
    "ignore": _selectors,
    "jobs": _count,
    "output-format": _one_of(OUTPUT_FORMATS),
    "per-file-ignores": _ignores,
    "preview": _switch,
    "respect-gitignore": _switch,
    "select": _selectors,
    "severity": _levels,
    "severity-threshold": _one_of(THRESHOLDS),
    "show-fixes": _switch,
    "target": _target,
    "unsafe-fixes": _switch,
    "wrappers": _wrappers,
}
