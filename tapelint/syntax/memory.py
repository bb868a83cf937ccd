"""What a process keeps of the texts that it has parsed, if it is one that will see nearly the same texts again.

Functions are parsed apart from each other, so that after a change in one of them the trees of all others still hold.
A process that sees every text once keeps nothing: trees are many times as large as what they were made from.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tapelint.syntax.tree import Function, Module


class Key(NamedTuple):
    """A part of a file: its number, its text, and which functions were cut out of it.

    The same text elsewhere is another program's, with other nodes.
    """

    path: Path
    number: int
    text: str
    cut: tuple[int, ...] = ()


@dataclass(slots=True)
class Known:
    """What is known of a part: its tree, the functions in it whose bodies are other parts, and places of its nodes.

    `whole` says that the text cannot be cut as it was, `kept` whether anybody will ask for this again.
    """

    kept: bool
    tree: Module | None = None
    functions: list[Function] = field(default_factory=list)
    whole: bool = False
    stretches: dict[int, tuple[int, int]] = field(default_factory=dict)


class Memory:
    """What is known of the parts that were needed last, as many as `room` characters of source."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._held = 0
        self._known: OrderedDict[Key, Known] = OrderedDict()

    def of(self, key: Key) -> Known:
        """What is known of a part, to be added to."""
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        known = self._known[key] = Known(kept=True)
        self._held += len(key.text)
        while self._held > self._room and len(self._known) > 1:
            forgotten, _ = self._known.popitem(last=False)
            self._held -= len(forgotten.text)
        return known


_in_use: ContextVar[Memory | None] = ContextVar("memory", default=None)


@contextmanager
def remembering(memory: Memory) -> Iterator[None]:
    """A time in which what is parsed is kept in `memory`. No two threads may use one at a time: trees are shared."""
    token = _in_use.set(memory)
    try:
        yield
    finally:
        _in_use.reset(token)


def known_of(key: Key) -> Known:
    """What is known of a part of a file; for a process that keeps nothing, nothing."""
    memory = _in_use.get()
    return memory.of(key) if memory is not None else Known(kept=False)
