"""When enough has been seen, and how a program is ended that may not want to be."""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Literal

Reason = Literal["stopped", "timeout"]

PATIENCE = 3
"""How often the program may swallow the order to stop."""

GRACE = 2.0
"""The seconds it has to obey."""

TICK = 0.1
"""The seconds between two looks at the clock; what keeps growing is written that often."""

PATIENT_SHARE = 0.25
"""The part of the time after which the patient, too, stop at the number of updates that was asked for."""

exit_process = os._exit
"""The real thing; the program under observation gets another one."""


class ProbeStop(BaseException):
    """Ends the program. Not an Exception, so that `except Exception` lets it pass."""


class Budget:
    """Counts what the program does, and ends it at the next step that need not be seen any more.

    `steps` updates are enough, or eight times as many gradients where no update follows. While an epoch is short,
    `more_wanted` keeps the program going until two of them have been seen. The `patient` go on for the steps of a short
    epoch in any case, while these are quick.
    """

    def __init__(self, steps: int, seconds: float, *, patient: bool = False) -> None:
        self.steps = steps
        self.seconds = seconds
        self._patient = patient
        self.started = time.monotonic()
        self.more_wanted: Callable[[], bool] = lambda: False
        self._finish: Callable[[Reason], None] = lambda _: None
        self.updates = 0
        self.stopping: Reason | None = None
        self._updates_at: dict[object, int] = {}
        self._gradients = 0
        self._tapes = 0
        self._manual: set[int] = set()
        self._swallowed = 0

    def begin(self, finish: Callable[[Reason], None]) -> None:
        """The script starts now. `finish` writes the end of one that does not obey."""
        self.started = time.monotonic()
        self._finish = finish

    @property
    def short(self) -> int:
        """The steps up to which an epoch counts as short."""
        return 8 * self.steps

    @property
    def used(self) -> float:
        """The part of the time that has passed."""
        return (time.monotonic() - self.started) / self.seconds

    def update(self, place: object) -> None:
        """An optimizer has applied gradients at a place of the user's code."""
        self._updates_at[place] = self._updates_at.get(place, 0) + 1
        self.updates = max(self._updates_at.values())

    def manual_update(self, gradient_call: int) -> None:
        """A variable has been changed in place after this gradient call by it; once a call is an update."""
        if gradient_call not in self._manual:
            self._manual.add(gradient_call)
            self.update("by hand")

    def gradient(self) -> None:
        """A gradient has been asked for."""
        self._gradients += 1

    def tape(self) -> None:
        """A tape starts recording: the beginning of a step, and so the moment to stop before it."""
        self._tapes += 1
        self.check()

    def check(self) -> None:
        """End the program here if it has shown enough."""
        if self.stopping is None and self._enough():
            self.stopping = "stopped"
        if self.stopping is not None:
            self.stop()

    def stop(self) -> None:
        """End the program here; at once and for good if it does not obey."""
        self._swallowed += 1
        if self._swallowed > PATIENCE:
            self.force()
        raise ProbeStop

    def force(self) -> None:
        """End the process, without asking the program."""
        self._finish(self.stopping or "stopped")
        exit_process(0)

    def _enough(self) -> bool:
        steps = max(self.updates, self._gradients // 8, self._tapes // 16)
        if steps >= 20 * self.steps:
            return True
        if self._patient and steps < self.short and self.used < PATIENT_SHARE:
            return False
        return steps >= self.steps and not self.more_wanted()


class Watchdog(threading.Thread):
    """Looks at the clock, writes what has grown, and ends a program that overruns its time or does not stop.

    It wakes the main thread by a signal of its own, because the program may use the alarm itself.
    """

    def __init__(self, budget: Budget, flush: Callable[[], None]) -> None:
        super().__init__(name="tapelint-watchdog", daemon=True)
        self._budget = budget
        self._flush = flush
        self._over = threading.Event()
        signal.signal(_signal(), lambda *_: budget.stop())

    def run(self) -> None:
        """Watch until the program is over."""
        asked: float | None = None
        while not self._over.wait(TICK):
            with contextlib.suppress(Exception):  # Whatever cannot be written, time goes on.
                self._flush()
            if self._budget.used >= 1 and self._budget.stopping is None:
                self._budget.stopping = "timeout"
                signal.pthread_kill(threading.main_thread().ident or 0, _signal())
            if self._budget.stopping is not None:
                asked = asked or time.monotonic()
                if time.monotonic() - asked > GRACE and not self._over.is_set():
                    self._budget.force()

    def over(self) -> None:
        """The program has ended; nothing may interrupt what follows."""
        self._over.set()
        signal.signal(_signal(), signal.SIG_IGN)


def _signal() -> signal.Signals:
    return signal.SIGRTMIN if sys.platform == "linux" else signal.SIGUSR1
