"""The callbacks of a fit: what each can do, whether what it monitors exists, and which are left out."""

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

import keras

from tapelint.probe.child.hooks.saving import outside
from tapelint.probe.child.witness import Witness
from tapelint.record import Callback

ALWAYS_DROPPED = ("TensorBoard", "RemoteMonitor")
"""Those that write much or speak to the network."""

PATHS = ("filepath", "filename", "backup_dir", "_backup_dir", "log_dir")


class Callbacks:
    """The callbacks that a fit was given."""

    def __init__(self, witness: Witness, given: Any) -> None:
        self._entries: list[Callback] = []
        self.kept: list[Any] = []
        for callback in _listed(given):
            dropped = _writes(witness, callback)
            self._entries.append(_entry(callback, dropped))
            if dropped:
                witness.replace(f"the callback {type(callback).__name__}", "nothing, because it writes files")
            else:
                self.kept.append(callback)

    def entries(self) -> Iterator[Callback]:
        """The callbacks as the record has them."""
        return iter(self._entries)

    def epoch_ended(self, names: list[str]) -> None:
        """An epoch's logs have these names."""
        self._entries = [
            entry
            if entry.monitor is None
            else dataclasses.replace(entry, available=bool(entry.available) or entry.monitor in names)
            for entry in self._entries
        ]


def _listed(given: Any) -> list[Any]:
    if given is None:
        return []
    if hasattr(given, "callbacks"):
        return list(given.callbacks)
    return list(given) if isinstance(given, list | tuple) else [given]


def _writes(witness: Witness, callback: Any) -> bool:
    if any(base.__name__ in ALWAYS_DROPPED for base in type(callback).__mro__):
        return True
    paths = (getattr(callback, name, None) for name in PATHS)
    return any(isinstance(path, str) and outside(witness, path) for path in paths)


def _entry(callback: Any, dropped: bool) -> Callback:
    kind = type(callback)
    own = not kind.__module__.startswith("keras.")
    keeps = bool(getattr(callback, "save_best_only", False) or getattr(callback, "restore_best_weights", False))
    stops = isinstance(callback, keras.callbacks.EarlyStopping) or (own and _can_stop(kind))
    patience = getattr(callback, "patience", None)
    monitor = getattr(callback, "monitor", None)
    return Callback(
        kind=kind.__name__,
        own=own,
        monitor=monitor if isinstance(monitor, str) and _asks(callback) else None,
        patience=int(patience) if isinstance(patience, int | float) else None,
        available=None,
        stops=stops,
        keeps=keeps,
        dropped=dropped,
    )


def _asks(callback: Any) -> bool:
    """Whether the callback looks at what it monitors: a checkpoint that saves every time does not."""
    return not isinstance(callback, keras.callbacks.ModelCheckpoint) or bool(callback.save_best_only)


def _can_stop(kind: type) -> bool:
    """Whether a class of the user's own mentions what ends a training."""
    for base in kind.__mro__:
        if base.__module__.startswith("keras."):
            break
        for member in vars(base).values():
            with contextlib.suppress(AttributeError):
                if "stop_training" in member.__code__.co_names:
                    return True
    return False
