"""The tapes of the program: which were opened where, what was called under them, and whether anybody asked them."""

import threading
import weakref
from collections.abc import Sequence
from typing import Any

from tapelint.probe.child.scribe import Scribe
from tapelint.record import ModelCall, Site, TapeUse

MOST_CALLS = 32


class Tape:
    """What is known of one tape."""

    def __init__(self, tape: Any, use: "Use | None") -> None:
        self._tape = weakref.ref(tape)
        self.use = use
        self.calls: list[ModelCall] = []
        self.asked = False
        self.closed = False

    def watched(self) -> Sequence[Any]:
        """The trainable variables that the tape has seen so far."""
        tape = self._tape()
        return tape.watched_variables() if tape is not None else ()

    def called(self, call: ModelCall) -> None:
        """A model was called while the tape was recording."""
        if len(self.calls) < MOST_CALLS:
            self.calls.append(call)
        if self.use is not None and len(self.use.calls) < MOST_CALLS:
            self.use.calls.append(call)

    def given_up(self) -> None:
        """Nobody can ask it any more."""
        if self.use is not None and self.closed and not self.asked:
            self.use.unasked += 1


class Use:
    """The tapes of one place in the user's code."""

    def __init__(self, number: int, where: Site | None, in_function: bool) -> None:
        self.number = number
        self.where = where
        self.in_function = in_function
        self.opened = 0
        self.asked = 0
        self.unasked = 0
        self.calls: list[ModelCall] = []
        self.persistent = False
        self.questions = 0
        self.living = 0
        self.alive = 0

    def entry(self) -> TapeUse:
        """The use as the record has it."""
        return TapeUse(
            self.number,
            self.where,
            self.in_function,
            self.opened,
            self.asked,
            self.unasked,
            tuple(self.calls),
            self.persistent,
            self.questions,
            self.alive,
        )

    def begins(self, *, persistent: bool) -> None:
        """One more tape is made here."""
        self.opened += 1
        self.living += 1
        self.alive = max(self.alive, self.living)
        self.persistent = persistent


class _Stack(threading.local):
    def __init__(self) -> None:
        self.open: list[Tape] = []


class Tapes:
    """All tapes. Those that are recording in this thread are `recording`, the innermost last."""

    def __init__(self, scribe: Scribe) -> None:
        self._scribe = scribe
        self._stack = _Stack()
        self._known: weakref.WeakKeyDictionary[Any, Tape] = weakref.WeakKeyDictionary()
        self._uses: dict[object, Use] = {}

    @property
    def recording(self) -> list[Tape]:
        """The tapes that are recording in this thread."""
        return self._stack.open

    def of(self, tape: Any) -> Tape:
        """What is known of this tape; a new one was opened where nobody looks."""
        return self._known.get(tape) or self._remember(tape, None)

    def opened(self, tape: Any, where: Site | None, in_function: bool, own: bool) -> None:
        """A tape starts recording."""
        known = self._known.get(tape)
        if known is None:
            known = self._remember(tape, self._use(where, in_function) if own else None)
            if known.use is not None:
                known.use.begins(persistent=bool(getattr(tape, "_persistent", False)))
                self._grow(known.use)
        known.closed = False
        self._stack.open.append(known)

    def closed(self, tape: Any, broken: bool) -> None:
        """A tape stops recording; `broken` by an exception."""
        known = self.of(tape)
        known.closed = not broken
        if known in self._stack.open:
            self._stack.open.remove(known)

    def asked(self, tape: Any) -> Tape:
        """A tape is asked for a gradient."""
        known = self.of(tape)
        if known.use is not None:
            known.use.questions += 1
            known.use.asked += not known.asked
            self._grow(known.use)
        known.asked = True
        return known

    def end(self) -> None:
        """The program has ended by itself: tapes that are still held will not be asked any more either."""
        for known in list(self._known.values()):
            known.given_up()
        self._known.clear()

    def _remember(self, tape: Any, use: Use | None) -> Tape:
        known = self._known[tape] = Tape(tape, use)
        weakref.finalize(tape, self._collected, known).atexit = False
        return known

    def _collected(self, known: Tape) -> None:
        known.given_up()
        if known.use is not None:
            known.use.living -= 1
            self._grow(known.use)

    def _use(self, where: Site | None, in_function: bool) -> Use:
        key = where and (where.spot, where.column)
        if key not in self._uses:
            self._uses[key] = Use(self._scribe.number("tapes"), where, in_function)
        return self._uses[key]

    def _grow(self, use: Use) -> None:
        self._scribe.grow("tapes", use.number, use.entry)
