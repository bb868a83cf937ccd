"""The updates at one place of the program, as one entry of the record: stage S, and what all of them come to."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapelint.probe.child.identities import name_of
from tapelint.probe.child.parity.account import Account
from tapelint.probe.child.parity.bystanders import Bystander, bystander
from tapelint.probe.child.parity.causes import Cause, ordered, sentence
from tapelint.probe.child.parity.tally import Tally
from tapelint.probe.child.snapshot import array
from tapelint.record import Comparison, ParityVerdict, Resemblance, Site

MOST_STEPS = 4
"""The updates at one place that are compared."""


COPY = (
    "the gradients belong to a copy of what is updated, which the program sets by itself, as a worker does, or makes "
    "anew: `fit` has nothing of the kind"
)


class Series:
    """Updates of the same variables by the same line. `updated` are all variables that any update has reached.

    `questions` counts what all tapes had been asked at the last of them.
    """

    def __init__(self, number: int, where: Site, optimizer: str, updated: set[int]) -> None:
        self.number = number
        self.steps = 0
        self.questions = 0
        self._where = where
        self._optimizer = optimizer
        self._updated = updated
        self._able = 0
        self._causes: list[Cause] = []
        self._reason = ""
        self._remarks: dict[str, None] = {}
        self._account = Account()
        self._call: int | None = None
        self._missing: dict[int, Bystander] = {}
        self._sources: dict[int, Bystander] = {}
        self._is_of_a_copy = False
        self._resemblances: tuple[Resemblance, ...] = ()
        self._optimizers: list[int] = []
        self._iterations: int | None = None
        self._statistics: dict[int, Any] = {}

    @property
    def is_full(self) -> bool:
        """Whether enough was compared here."""
        return self.steps >= MOST_STEPS

    def applied(self, optimizer: Any, key: int, *, counts: bool) -> None:
        """An optimizer is about to make an update here; `counts`: it counts every one of them."""
        now = int(np.asarray(optimizer.iterations))
        if self._optimizers and key not in self._optimizers and now == 0 and len(set(self._optimizers)) == self.steps:
            words = f"step {self.steps + 1} has another new optimizer: what the last one had learnt is lost"
            self._causes.append(Cause("optimizer-per-step", words))
        elif counts and self._optimizers[-1:] == [key] and self._iterations is not None and now <= self._iterations:
            words = f"`iterations` is {now} before step {self.steps + 1}: it does not count on"
            self._causes.append(Cause("iterations-reset", words))
        self._optimizers.append(key)
        self._iterations = now

    def repeated(self, used: dict[int, list[int]], variables: list[int], optimizer: int) -> None:
        """The gradients of an update come from a question of which updates were made: by which optimizers, of what."""
        before = [key for variable in variables for key in used.get(variable, [])]
        if optimizer in before:
            self._causes.append(Cause("double-application", "the same gradients are applied twice in one step"))
        elif before:
            words = "the same gradients are applied by a second optimizer, after the first"
            self._causes.append(Cause("second-optimizer", words))

    def normalized(self, before: Sequence[tuple[Any, Any]], *, alone: bool) -> None:
        """What the statistics of normalization were `before` the step, which is the only one since the last here."""
        moved = [
            name_of(each) for each, value in before if not np.array_equal(self._statistics.get(id(each), value), value)
        ]
        if moved and alone:
            words = f"between two steps `{moved[0]}` moves as well: the model is called in training mode once more"
            self._causes.append(Cause("statistics-moved-twice", words))
        self._statistics = {id(each): array(each).copy() for each, _ in before}

    def borrowed(self, sources: dict[int, Any], *, of_a_copy: bool) -> None:
        """An update is made of the gradients of other variables, by number, than those that it is applied to.

        `of_a_copy`: nobody has asked for gradients by the latter, so that the former may be a copy of them.
        """
        if not sources:
            return
        known = [self._sources[key] for key in sources if key in self._sources]
        if of_a_copy and self._sources and (not known or any(each.is_set for each in known)):
            self._is_of_a_copy = True
        self._sources.update({key: bystander(each) for key, each in sources.items() if key not in self._sources})

    def compared(self, tally: Tally, account: Account, call: int, missing: dict[int, Any]) -> None:
        """One update was compared. `missing` are variables that it could have reached and did not, by number."""
        self.steps += 1
        self._causes += tally.causes
        if tally.reason:
            self._reason = self._reason or tally.reason
        else:
            self._able += 1
            self._missing.update({key: bystander(each) for key, each in missing.items() if key not in self._missing})
            self._remarks.update(dict.fromkeys([tally.remark] if tally.remark else []))
        if self._call is None:
            self._account, self._call = account, call

    def resembling(self, resemblances: tuple[Resemblance, ...]) -> None:
        """The numbers of a step about which nothing is left to guess; those of the first one count."""
        self._resemblances = self._resemblances or resemblances

    def entry(self, *, goes_on: bool = False) -> Comparison:
        """All of it as the record has it. `goes_on`: the program would have updated more than was seen."""
        causes = ordered([*self._causes, *([] if goes_on else self._left_out())])
        verdict: ParityVerdict = "matches"
        if self._is_of_a_copy:
            causes, verdict = [], "unable"
        elif causes or "unexplained" in self._remarks:
            verdict = "differs"
        elif not self._able:
            verdict = "unable"
        account = self._account
        return Comparison(
            number=self.number,
            where=self._where,
            gradient_call=self._call,
            loss=account.loss.name,
            batch=account.sizes.batch,
            terms=account.loss.terms,
            targets=account.sizes.targets,
            flag=account.flag,
            optimizer=self._optimizer,
            resemblances=self._resemblances,
            verdict=verdict,
            causes=tuple(cause.name for cause in causes),
            message=self._message(verdict, causes),
            steps=self.steps,
            variables=account.beside,
        )

    def _left_out(self) -> list[Cause]:
        missing = [each for key, each in self._missing.items() if key not in self._updated]
        left = [each.name for each in missing if not each.is_set]
        if not left:
            return []
        more = f" and {len(left) - 1} more" if len(left) > 1 else ""
        return [Cause("left-out", f"no update reaches `{left[0]}`{more}, which `fit` trains")]

    def _message(self, verdict: ParityVerdict, causes: list[Cause]) -> str:
        if causes:
            return sentence(causes)
        if verdict == "differs":
            return "the gradients change between the tape and the optimizer, and no known reason explains how"
        if verdict == "unable":
            return COPY if self._is_of_a_copy else self._reason
        told = [each for each in self._remarks if each]
        return "; ".join(["the update is the one `fit` would make", *told])
