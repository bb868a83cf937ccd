"""What a check proposes to change: in terms of nodes, before anybody knows where they stand in the text.

A text to put in may be made of pieces, in which a Site stands for the source at that place, as the user wrote it. A new
line is indented like the statement it goes beside; what stands deeper is written with four spaces for each level, which
become what the user indents by.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

from tapelint.finding import Safety
from tapelint.program.values import Site

Text: TypeAlias = str | Site | tuple[str | Site, ...]
Side = Literal["before", "after", "first", "last"]
"""Before or after a statement with all its body, or as the first or last line of the body."""


@dataclass(frozen=True, slots=True)
class Replace:
    """The expression at `site` becomes `text`."""

    site: Site
    text: Text


@dataclass(frozen=True, slots=True)
class Surround:
    """The expression at `site` gets something before and behind it, such as the call of a function."""

    site: Site
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class SetArgument:
    """A call passes `keyword=text`, in place of what it passed under that name, if anything."""

    call: Site
    keyword: str
    text: Text


@dataclass(frozen=True, slots=True)
class AddItem:
    """Another item stands behind the one at `site` in a list, a tuple or the arguments of a call."""

    site: Site
    text: Text


@dataclass(frozen=True, slots=True)
class RemoveArgument:
    """A call no longer passes the argument whose value stands at `value`."""

    call: Site
    value: Site


@dataclass(frozen=True, slots=True)
class Insert:
    """New lines beside the statement that `site` is part of, or in the body of the statement at `site`."""

    side: Side
    site: Site
    lines: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Remove:
    """The statement that `site` is part of goes, with its body. A body that is left empty becomes `pass`."""

    site: Site


@dataclass(frozen=True, slots=True)
class Move:
    """The statement that `site` is part of goes beside another, or into the body of the statement at `anchor`."""

    site: Site
    side: Side
    anchor: Site


@dataclass(frozen=True, slots=True)
class Decorate:
    """The function at `function` gets a decorator, inside those it has. The text is written without the `@`."""

    function: Site
    text: str


@dataclass(frozen=True, slots=True)
class MoveLink:
    """In a chain of methods, the one that `call` calls, with its arguments, goes in front of the one of `before`."""

    call: Site
    before: Site


@dataclass(frozen=True, slots=True)
class RemoveLink:
    """A chain of methods does without the one that `call` calls."""

    call: Site


Change: TypeAlias = (
    Replace
    | Surround
    | SetArgument
    | AddItem
    | RemoveArgument
    | Insert
    | Remove
    | Move
    | Decorate
    | MoveLink
    | RemoveLink
)


@dataclass(frozen=True, slots=True)
class Repair:
    """Changes that mend a finding together; the title is a verb phrase that says what they do."""

    title: str
    safety: Safety
    changes: tuple[Change, ...]

    @property
    def sites(self) -> Iterator[Site]:
        """Every place that the changes name."""
        for change in self.changes:
            for field in fields(change):
                yield from _sites(getattr(change, field.name))


def _sites(value: object) -> Iterator[Site]:
    if isinstance(value, Site):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _sites(item)
