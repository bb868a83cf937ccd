"""Watches loops over what can be gone through only once, such as generators: how often, and whether in vain."""

import builtins
import itertools
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from tapelint.probe.child.marks import MARK
from tapelint.probe.child.witness import Witness, put
from tapelint.record import Loop, Site

KINDS = ("builtins", "itertools")
"""The modules of the iterators that are watched. TensorFlow's own are known by other means."""

MOST = 200
"""The iterators that are kept in mind; later ones are left alone."""


def install(witness: Witness) -> None:
    """Put the function where the script finds it."""
    put(builtins, MARK, _Book(witness).through)


class _Book:
    """The iterators, and the loops over them by the place in the user's code."""

    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.loops: dict[object, _Notes] = {}
        self.known: dict[int, tuple[Callable[[], Any], _State]] = {}

    def through(self, value: Any, name: str) -> Any:
        """What the loop goes through instead of `value`: the same, but that it is watched."""
        if type(value).__module__ not in KINDS or not isinstance(value, Iterator) or len(self.known) >= MOST:
            return value
        with self.witness.attention():
            notes = self._notes(self.witness.sites.here(), name, type(value).__name__)
            notes.begun += 1
            return _Watched(value, notes, self._state(value))
        return value

    def _notes(self, where: Site | None, name: str, kind: str) -> "_Notes":
        key = name, where and (where.spot, where.column)
        if key not in self.loops:
            self.loops[key] = _Notes(self.witness, where, name, kind)
        return self.loops[key]

    def _state(self, value: Any) -> "_State":
        remembered, state = self.known.get(id(value), (None, None))
        if remembered is None or state is None or remembered() is not value:
            state = _State()
            self.known[id(value)] = _remembering(value), state
        return state


class _State:
    """Whether an iterator has come to its end."""

    def __init__(self) -> None:
        self.ended = False


class _Notes:
    """What the loops of one place got."""

    def __init__(self, witness: Witness, where: Site | None, name: str, kind: str) -> None:
        self._witness = witness
        self._number = witness.scribe.number("loops")
        self._where = where
        self._name = name
        self._kind = kind
        self.begun = self.given = self.vain = 0

    def changed(self) -> None:
        """Something was counted."""
        self._witness.scribe.grow("loops", self._number, self.entry)

    def entry(self) -> Loop:
        """The loop as the record has it."""
        return Loop(self._number, self._where, self._name, self._kind, self.begun, self.given, self.vain)


class _Watched:
    """An iterator, and whoever counts what it gives."""

    def __init__(self, iterator: Iterator[Any], notes: _Notes, state: _State) -> None:
        self._iterator = iterator
        self._notes = notes
        self._state = state

    def __iter__(self) -> "_Watched":
        return self

    def __next__(self) -> Any:
        try:
            element = next(self._iterator)
        except StopIteration:
            self._notes.vain += self._state.ended
            self._state.ended = True
            self._notes.changed()
            raise
        self._notes.given += 1
        self._notes.changed()
        return element


def _remembering(value: Any) -> Callable[[], Any]:
    """What gives the object back; without keeping it alive, where that is possible."""
    try:
        return weakref.ref(value)
    except TypeError:
        return itertools.repeat(value).__next__
