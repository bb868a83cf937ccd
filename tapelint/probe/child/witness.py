"""What all hooks share: the pen, the clock, who is who, and where the program is."""

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tapelint.probe.child.feeds import Feeds
from tapelint.probe.child.gradients import Gradients
from tapelint.probe.child.identities import Identities
from tapelint.probe.child.parity.account import accounted
from tapelint.probe.child.parity.follower import Follower
from tapelint.probe.child.program import Program
from tapelint.probe.child.scribe import Scribe
from tapelint.probe.child.sites import Sites
from tapelint.probe.child.stop import Budget
from tapelint.probe.child.tapes import Tapes
from tapelint.probe.plan import Plan
from tapelint.record import Denial, Exceptional, Replacement, Site

MOST_TROUBLES = 10


class _Depth(threading.local):
    """How deep a thread is in calls that matter."""

    def __init__(self) -> None:
        self.function = 0
        self.update = 0
        self.layer = 0
        self.evaluation = 0
        self.metric = 0
        self.loss = 0


class Witness:
    """The one who sees everything and writes it down.

    `origins` are the places where layers and models were made, by their identity.
    """

    def __init__(self, plan: Plan, program: Program, scribe: Scribe, budget: Budget) -> None:
        self.plan = plan
        self.scribe = scribe
        self.budget = budget
        self.sites = Sites(program.texts, plan.roots)
        self.identities = Identities()
        self.feeds = Feeds(scribe, budget.short)
        self.gradients = Gradients()
        self.tapes = Tapes(scribe)
        grow = functools.partial(scribe.grow, "comparisons")
        account = functools.partial(accounted, intended=plan.loss)
        self.follower = Follower(self.unwatched, self.identities.number, self.sites.frames, grow, account)
        self.depth = _Depth()
        self.origins: dict[int, Site | None] = {}
        self.fits: list[int] = []
        self.quiet = False
        budget.more_wanted = self._more_wanted
        self._troubles: list[str] = []
        self._denials: dict[tuple[str, str, object], tuple[int, int, Site | None]] = {}

    def _more_wanted(self) -> bool:
        """Whether something is about to be seen: a second epoch, or the update for which gradients are collected."""
        collecting = self.gradients.held and self.budget.updates < self.budget.steps
        return collecting or self.feeds.more_wanted()

    @property
    def fit(self) -> int | None:
        """The number of the fit that is running."""
        return self.fits[-1] if self.fits else None

    @property
    def in_function(self) -> bool:
        """Whether this runs inside of a `tf.function`."""
        return self.depth.function > 0

    @contextmanager
    def attention(self) -> Iterator[None]:
        """Look at something without disturbing the program: if that fails, it is our trouble and not the program's."""
        try:
            yield
        except Exception as error:
            line = self.sites.line()
            place = line.told if line is not None else "an unknown line"
            trouble = f"{place}: {type(error).__name__}: {error}"[:300]
            if trouble not in self._troubles and len(self._troubles) < MOST_TROUBLES:
                self._troubles.append(trouble)
                self.scribe.fields(troubles=tuple(self._troubles))

    @contextmanager
    def unwatched(self) -> Iterator[None]:
        """Go through data of the program without writing it down."""
        before, self.quiet = self.quiet, True
        try:
            yield
        finally:
            self.quiet = before

    def deny(self, action: str, target: str) -> None:
        """Write down that something was denied."""
        where = self.sites.here()
        key = action, target, where and where.spot
        number, times, where = self._denials.get(key) or (self.scribe.number("denials"), 0, where)
        self._denials[key] = number, times + 1, where
        self.scribe.put("denials", Denial(number, action, target, where, times + 1))

    def replace(self, what: str, by: str) -> None:
        """Write down that something was put in another's place."""
        self.scribe.put("replacements", Replacement(self.scribe.number("replacements"), what, by, self.sites.here()))

    def exceptional(self, error: BaseException) -> Exceptional:
        """The exception as the record has it."""
        return Exceptional(type(error).__name__, str(error)[:2000], self.sites.of_error(error))


@contextmanager
def deeper(depth: Any, name: str) -> Iterator[int]:
    """One level deeper in calls of the kind `name`; gives the level before."""
    before: int = getattr(depth, name)
    setattr(depth, name, before + 1)
    try:
        yield before
    finally:
        setattr(depth, name, before)


def patch(owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:
    """Put `wrap(original)` in the place of an attribute, under the original's name and signature."""
    original = getattr(owner, name)
    put(owner, name, functools.wraps(original)(wrap(original)))


def put(owner: Any, name: str, value: Any) -> None:
    """Put something in the place of an attribute that is not made to be replaced."""
    setattr(owner, name, value)
