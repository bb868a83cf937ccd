"""The kinds of values that the configuration knows: how each is checked, read, and described to an editor."""

import difflib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tapelint import catalog
from tapelint.run.select import Selector, UnknownSelector
from tapelint.source.patterns import BadPattern, Patterns

Step = str | int
Schema = dict[str, Any]

# What many keys refer to is defined once in the schema.
SELECTOR, RULE = "selector", "rule"

_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is to be said about a value, after its key's name. `inside` leads from the value to the part it is about."""

    message: str
    inside: tuple[Step, ...] = ()

    def item(self, number: int) -> "Fault":
        """The same, said of the list that the value is in."""
        return Fault(self.message, (number, *self.inside))

    def entry(self, name: str) -> "Fault":
        """The same, said of the table that has the value under a name."""
        return Fault(f"of `{name}` {self.message}", (name, *self.inside))


class Kind(ABC):
    """A kind of value. `words` complete "must be …"."""

    words: str

    @property
    def shape(self) -> str:
        """The kind in words that stand alone."""
        return self.words

    @abstractmethod
    def faults(self, value: Any) -> Iterator[Fault]:
        """Everything that is wrong with a value."""

    @abstractmethod
    def schema(self) -> Schema:
        """The kind in the language of JSON schemas."""

    def notes(self, _value: Any) -> Iterator[Fault]:
        """What ought to be said about a value although nothing is wrong with it."""
        yield from ()

    def read(self, value: Any) -> Any:
        """What a value without faults means."""
        return value

    def _not(self, value: Any) -> Fault:
        return Fault(f"must be {self.words}, not {_shown(value)}")


class Switch(Kind):
    """True or false."""

    words = "true or false"

    def faults(self, value: Any) -> Iterator[Fault]:
        if not isinstance(value, bool):
            yield self._not(value)

    def schema(self) -> Schema:
        return {"type": "boolean"}


class Count(Kind):
    """A number of things."""

    words = "a whole number above 0"

    def faults(self, value: Any) -> Iterator[Fault]:
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            yield self._not(value)

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": 1}


class Text(Kind):
    """A string that is not empty."""

    words = "a string"

    def faults(self, value: Any) -> Iterator[Fault]:
        if not isinstance(value, str):
            yield self._not(value)
        elif not value:
            yield Fault("must not be empty")

    def schema(self) -> Schema:
        return {"type": "string", "minLength": 1}


class FilePath(Text):
    """The path of a file, from the file that names it, with `~` and variables of the environment."""

    words = "the path of a file"


class Version(Text):
    """A version of tapelint, or bounds for it."""

    words = 'a version such as "0.1.0", or bounds such as ">=0.1"'

    def faults(self, value: Any) -> Iterator[Fault]:
        from packaging.specifiers import InvalidSpecifier

        if not isinstance(value, str) or not value.strip():
            yield self._not(value)
            return
        try:
            allows(value, "0")
        except InvalidSpecifier:
            yield self._not(value)


def allows(bounds: str, version: str) -> bool:
    """Whether bounds, or a version that stands alone, admit a version. Raises InvalidSpecifier."""
    from packaging.specifiers import SpecifierSet

    spelled = bounds.strip()
    return SpecifierSet(f"=={spelled}" if spelled[:1].isalnum() else spelled).contains(version, prereleases=True)


class OneOf(Kind):
    """One of a few words."""

    def __init__(self, choices: Sequence[str]) -> None:
        self.choices = tuple(choices)
        self.words = f"one of {', '.join(self.choices)}"

    def faults(self, value: Any) -> Iterator[Fault]:
        if not isinstance(value, str) and str(value) in self.choices:
            yield Fault(f'must be written as the string "{value}"')
        elif value not in self.choices:
            near = _near(value, self.choices) if isinstance(value, str) else None
            hint = f", did you mean `{near}`?" if near else ""
            yield Fault(self._not(value).message + hint)

    def schema(self) -> Schema:
        return {"enum": list(self.choices)}


class Pattern(Text):
    """A pattern that names files; with `negatable`, a `!` before it means all the others."""

    words = "a pattern as in `.gitignore`"

    def __init__(self, *, negatable: bool = False) -> None:
        self.negatable = negatable

    def faults(self, value: Any) -> Iterator[Fault]:
        if not isinstance(value, str):
            yield self._not(value)
            return
        pattern = value.removeprefix("!") if self.negatable else value
        try:
            Patterns(Path("/"), (pattern or "!",)).check()
        except BadPattern:
            yield Fault(f"is wrong: `{value}` is not a valid pattern")


class Rules(Kind):
    """Names, codes or beginnings of codes that mean rules."""

    words = "a rule's name or code, the beginning of codes, or ALL"

    def faults(self, value: Any) -> Iterator[Fault]:
        if not isinstance(value, str):
            yield self._not(value)
            return
        try:
            Selector.parse(value)
        except UnknownSelector as error:
            yield Fault(f"is wrong: {error}")

    def notes(self, value: Any) -> Iterator[Fault]:
        rule = catalog.find(value)
        if rule and value in rule.aliases:
            yield Fault(f"names `{value}`, which is called `{rule.name}` now")

    def schema(self) -> Schema:
        return {"$ref": f"#/definitions/{SELECTOR}"}


class RuleName(Rules):
    """The name or code of one rule."""

    words = "a rule's name or code"

    def faults(self, value: Any) -> Iterator[Fault]:
        try:
            catalog.named(value)
        except catalog.UnknownRule as error:
            yield Fault(f"is wrong: {error}")

    def read(self, value: Any) -> Any:
        return catalog.named(value).name

    def schema(self) -> Schema:
        return {"$ref": f"#/definitions/{RULE}"}


class FunctionName(Kind):
    """The full name of a function, or as much of its end as tells it from others."""

    words = "dotted names like `ourlib.optim.step`"
    shape = "a dotted name"

    def faults(self, value: Any) -> Iterator[Fault]:
        if not isinstance(value, str) or not all(part.isidentifier() for part in value.split(".")):
            yield Fault(f"must be {self.words}, not `{value}`")

    def schema(self) -> Schema:
        return {"type": "string", "pattern": f"^{_DOTTED.pattern}$"}


class ListOf(Kind):
    """A list of strings of one kind."""

    words = "a list of strings"

    def __init__(self, item: Kind) -> None:
        self.item = item

    @property
    def shape(self) -> str:
        return f"a list, each item {self.item.shape}"

    def faults(self, value: Any) -> Iterator[Fault]:
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            yield self._not(value)
            return
        for number, item in enumerate(value):
            yield from (fault.item(number) for fault in self.item.faults(item))

    def notes(self, value: Any) -> Iterator[Fault]:
        for number, item in enumerate(value):
            yield from (note.item(number) for note in self.item.notes(item))

    def read(self, value: Any) -> Any:
        return tuple(value)

    def schema(self) -> Schema:
        return {"type": "array", "items": self.item.schema()}


class TableOf(Kind):
    """A table whose names are of one kind and whose values are of another."""

    words = "a table"

    def __init__(self, name: Kind, value: Kind) -> None:
        self.name = name
        self.value = value

    @property
    def shape(self) -> str:
        return f"a table, each name {self.name.shape}, each value {self.value.shape}"

    def faults(self, value: Any) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield self._not(value)
            return
        meant: dict[Any, str] = {}
        for name, inner in value.items():
            yield from (Fault(fault.message, (name,)) for fault in self.name.faults(name))
            yield from (fault.entry(name) for fault in self.value.faults(inner))
            if not any(self.name.faults(name)):
                other = meant.setdefault(self.name.read(name), name)
                if other != name:
                    yield Fault(f"names the same twice, `{other}` and `{name}`", (name,))

    def notes(self, value: Any) -> Iterator[Fault]:
        for name, inner in value.items():
            yield from (Fault(note.message, (name,)) for note in self.name.notes(name))
            yield from (note.entry(name) for note in self.value.notes(inner))

    def read(self, value: Any) -> Any:
        return {self.name.read(name): self.value.read(inner) for name, inner in value.items()}

    def schema(self) -> Schema:
        return {
            "type": "object",
            "propertyNames": self.name.schema(),
            "additionalProperties": self.value.schema(),
        }


class Fields(Kind):
    """A table with certain names in it, each with a value of its kind."""

    words = "a table"

    def __init__(self, fields: Mapping[str, Kind]) -> None:
        self.fields = fields

    @property
    def shape(self) -> str:
        (kind,) = {kind.shape for kind in self.fields.values()}
        return f"a table of {', '.join(f'`{name}`' for name in self.fields)}, each value {kind}"

    def faults(self, value: Any) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield self._not(value)
            return
        for name, inner in value.items():
            if name in self.fields:
                yield from (fault.entry(name) for fault in self.fields[name].faults(inner))
            else:
                near = _near(name.replace("_", "-"), self.fields)
                hint = f"did you mean `{near}`?" if near else f"there is {_listed(self.fields)}"
                yield Fault(f"has no key `{name}`, {hint}", (name,))

    def read(self, value: Any) -> Any:
        return {name: self.fields[name].read(inner) for name, inner in value.items()}

    def schema(self) -> Schema:
        return {
            "type": "object",
            "properties": {name: kind.schema() for name, kind in self.fields.items()},
            "additionalProperties": False,
        }


class Helpers(Fields):
    """The names of functions under what they do; none of them does two things."""

    def faults(self, value: Any) -> Iterator[Fault]:
        found = list(super().faults(value))
        yield from found
        if found:
            return
        first: dict[str, str] = {}
        for role, names in value.items():
            for name in names:
                other = first.setdefault(name, role)
                if other != role:
                    yield Fault(f"names `{name}`, which is under `{other}` already").entry(role)


def _near(word: str, words: Sequence[str] | Mapping[str, Any]) -> str | None:
    close = difflib.get_close_matches(word, words, n=1)
    return close[0] if close else None


def _listed(words: Mapping[str, Any]) -> str:
    return ", ".join(words)


def _shown(value: Any) -> str:
    """A wrong value as messages give it."""
    match value:
        case bool():
            return f"`{json.dumps(value)}`"
        case str():
            return f"the string `{value}`"
        case int() | float():
            return f"the number `{value}`"
        case list() | tuple():
            return f"the list `{list(value)!r}`"
        case dict():
            return "a table"
    return f"`{value}`"
