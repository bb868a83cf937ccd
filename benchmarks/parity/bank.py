"""The programs: correct ones, and their twins, in which something is planted by a small edit.

A program is a file in programs/. Beside it, a file of the same name describes its twins: `edits`, each of them some
texts to be found once and replaced and the causes that this plants, and `twins`, each a list of edits to be made one
after the other. A twin whose edits plant nothing, such as one with another optimizer, is one more correct program.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).with_name("programs")


class Misfit(ValueError):
    """An edit that does not fit the program it is for; the message says which."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Some texts to be replaced, the causes that this plants, and the optimizer that the program has afterwards."""

    name: str
    changes: tuple[tuple[str, str], ...]
    causes: frozenset[str] = frozenset()
    optimizer: str | None = None

    def made(self, text: str) -> str:
        """The program afterwards. Raises Misfit."""
        for found, put in self.changes:
            if (times := text.count(found)) != 1:
                raise Misfit(f"{self.name}: {found!r} stands there {times} times")
            text = text.replace(found, put)
        return text


@dataclass(frozen=True, slots=True)
class Program:
    """A training program, and the causes for which its updates differ from those of `fit`: none if it is correct."""

    base: str
    edits: tuple[str, ...]
    title: str
    optimizer: str
    text: str
    planted: frozenset[str]

    @property
    def name(self) -> str:
        """What it is called, on the command line too."""
        return "+".join((self.base, *self.edits))


def bank(folder: Path = PROGRAMS) -> list[Program]:
    """All programs, each before its twins. Raises Misfit."""
    return [program for path in sorted(folder.glob("*.py")) for program in _family(path)]


def chosen(programs: Sequence[Program], names: Sequence[str]) -> list[Program]:
    """The programs of these names, or with all their twins if a name is that of a file. Raises LookupError."""
    known = {program.name for program in programs} | {f"{program.base}+" for program in programs}
    if strangers := [name for name in names if name not in known]:
        raise LookupError(f"no such program: {', '.join(strangers)}")
    return [program for program in programs if not names or {program.name, f"{program.base}+"} & set(names)]


def _family(path: Path) -> list[Program]:
    text = path.read_text(encoding="utf-8")
    declared = tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))
    edits = {name: _edit(name, entry) for name, entry in declared["edits"].items()}
    original = Program(path.stem, (), _title(text), declared["optimizer"], text, frozenset())
    return [original, *(_twin(original, [edits[name] for name in names]) for names in declared["twins"])]


def _edit(name: str, entry: Mapping[str, Any]) -> Edit:
    changes = tuple((found, put) for found, put in entry["changes"])
    return Edit(name, changes, frozenset(entry.get("causes", ())), entry.get("optimizer"))


def _twin(original: Program, edits: Sequence[Edit]) -> Program:
    text, optimizer = original.text, original.optimizer
    for edit in edits:
        try:
            text = edit.made(text)
        except Misfit as error:
            raise Misfit(f"{original.base}, {error}") from None
        optimizer = edit.optimizer or optimizer
    planted = frozenset(cause for edit in edits for cause in edit.causes)
    return Program(original.base, tuple(edit.name for edit in edits), original.title, optimizer, text, planted)


def _title(text: str) -> str:
    """What a program says of itself in its first line."""
    return text.splitlines()[0].strip('"# ').rstrip(".")
