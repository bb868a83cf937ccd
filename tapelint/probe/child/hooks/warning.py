"""Listens to the three channels of warnings: `warnings`, TensorFlow's logger and absl's."""

import dataclasses
import logging
import warnings
from typing import Any

from tapelint.probe.child.witness import Witness, patch
from tapelint.record import Channel, Warned

LOGGERS: dict[str, Channel] = {"tensorflow": "tensorflow", "absl": "absl"}

# What TensorFlow says because the probe makes functions run eagerly.
OUR_DOING = ("run_functions_eagerly", "Using MirroredStrategy eagerly")


def install(witness: Witness) -> None:
    """Start to listen."""
    book = _Book(witness)
    # The function itself, not its output: a program that ignores warnings still gets them.
    patch(warnings, "warn", book.warning)
    for name, channel in LOGGERS.items():
        logging.getLogger(name).addHandler(_Listener(book, channel))


class _Book:
    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.seen: dict[object, Warned] = {}
        # What is missing in there is missing because the probe has made it.
        self.home = f"{witness.plan.private}/home/"

    def warning(self, original: Any) -> Any:
        """A wrapper for `warnings.warn`."""

        def warn(message: Any, category: Any = None, stacklevel: int = 1, source: Any = None, **keywords: Any) -> None:
            kind = type(message) if isinstance(message, Warning) else category or UserWarning
            with self.witness.attention():
                self.note("warnings", getattr(kind, "__name__", str(kind)), str(message))
            original(message, category, stacklevel + 1, source, **keywords)

        return warn

    def note(self, channel: Channel, category: str, text: str) -> None:
        """Something was said on a channel."""
        if self.witness.quiet or any(words in text for words in (*OUR_DOING, self.home)):
            return
        where = self.witness.sites.here()
        key = channel, text, where and where.spot
        known = self.seen.get(key)
        if known is None:
            number = self.witness.scribe.number("warnings")
            known = Warned(number, channel, category, text[:1000], where, 0)
        self.seen[key] = dataclasses.replace(known, times=known.times + 1)
        self.witness.scribe.grow("warnings", known.number, lambda: self.seen[key])


class _Listener(logging.Handler):
    """Hears what a logger says at the level of a warning and above."""

    def __init__(self, book: _Book, channel: Channel) -> None:
        super().__init__(logging.WARNING)
        self._book = book
        self._channel = channel

    def emit(self, record: logging.LogRecord) -> None:
        """One message."""
        with self._book.witness.attention():
            self._book.note(self._channel, record.levelname, record.getMessage())
