"""How long the gradients and the updates of a run were: variable by variable, and taken together layer by layer."""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tapelint.record import Caller, GradientKind, Pair, Record, Source

REACHING: tuple[GradientKind, ...] = ("finite", "nonfinite", "unknown")
"""Gradients that tell a variable anything."""


@dataclass(slots=True)
class Variable:
    """What was seen of a variable: of each gradient its kind and length, of each update how long the step was.

    `lengths` are its own before each step, and `changes` says whether it was another one whenever that could be seen.
    """

    name: str
    trainable: bool = True
    kinds: list[GradientKind] = field(default_factory=list)
    gradients: list[float | None] = field(default_factory=list)
    steps: list[float | None] = field(default_factory=list)
    lengths: list[float | None] = field(default_factory=list)
    changes: list[bool] = field(default_factory=list)

    @property
    def reached(self) -> bool:
        """Whether any gradient told it anything."""
        return any(kind in REACHING for kind in self.kinds)

    @property
    def moved(self) -> bool | None:
        """Whether anything changed it, by an update or by hand; None where nobody could see that."""
        return any(self.changes) if self.changes else None

    @property
    def gradient(self) -> float | None:
        """The median of the lengths of its gradients."""
        return _middle(self.gradients)

    @property
    def step(self) -> float | None:
        """The median of the lengths of its steps."""
        return _middle(self.steps)

    @property
    def length(self) -> float | None:
        """The median of its own length."""
        return _middle(self.lengths)


@dataclass(frozen=True, slots=True)
class Layer:
    """Variables that belong together, as `kernel` and `bias` of one layer do."""

    name: str
    variables: tuple[Variable, ...]

    @property
    def gradient(self) -> float | None:
        """The length of all its gradients together."""
        return _together(variable.gradient for variable in self.variables)

    @property
    def step(self) -> float | None:
        """The length of all its steps together."""
        return _together(variable.step for variable in self.variables)

    @property
    def pace(self) -> float | None:
        """How long its steps are in proportion to itself."""
        length = _together(variable.length for variable in self.variables)
        return self.step / length if self.step is not None and length else None

    @property
    def asked(self) -> bool:
        """Whether anybody asked for its gradients."""
        return any(variable.kinds for variable in self.variables)

    @property
    def reached(self) -> bool:
        """Whether a gradient reached any part of it."""
        return any(variable.reached for variable in self.variables)

    @property
    def moved(self) -> bool | None:
        """Whether any part of it changed; None where nobody could see that."""
        known = [variable.moved for variable in self.variables if variable.moved is not None]
        return any(known) if known else None

    @property
    def finite(self) -> bool:
        """Whether all its gradients were numbers."""
        return not any("nonfinite" in variable.kinds for variable in self.variables)

    @property
    def trouble(self) -> str:
        """What is wrong with it, in two words; nothing if nothing is."""
        if self.asked and not self.reached:
            kinds = {kind for variable in self.variables for kind in variable.kinds}
            return "zero gradient" if "zero" in kinds else "no gradient"
        if not self.finite:
            return "not finite"
        return "no update" if self.moved is False else ""


def layers(record: Record) -> list[Layer]:
    """The trainable layers of the run, in the order in which they were met."""
    variables = _variables(record)
    shared = shared_part([variable.name for variable in variables])
    grouped: dict[tuple[str, int], list[Variable]] = {}
    seen: dict[str, int] = defaultdict(int)
    for variable in variables:
        seen[variable.name] += 1  # Another variable of the same name belongs to another layer of the same name.
        grouped.setdefault((_layer(variable.name), seen[variable.name]), []).append(variable)
    return [
        Layer(name.removeprefix(shared) + (f" ({number})" if number > 1 else ""), tuple(parts))
        for (name, number), parts in grouped.items()
    ]


def _variables(record: Record) -> list[Variable]:
    known: dict[int, Variable] = {}
    for call in record.gradients:
        for source in call.sources:
            if source.is_variable:
                _asked(known.setdefault(source.variable, Variable(source.name)), source)
    for update in record.applications:
        if update.exception is None:
            for pair in update.pairs:
                _updated(known.setdefault(pair.variable, Variable(pair.name)), pair)
    for change in record.assignments:
        if change.variable in known:
            known[change.variable].changes.append(change.moved is None or change.moved > 0)
    return [variable for variable in known.values() if variable.trainable]


def _asked(variable: Variable, source: Source) -> None:
    variable.trainable = source.trainable
    variable.kinds.append(source.gradient)
    variable.gradients.append(source.norm)
    if source.unchanged is not None:
        variable.changes.append(not source.unchanged)


def _updated(variable: Variable, pair: Pair) -> None:
    variable.steps.append(pair.step)
    if pair.identical is not None:
        variable.changes.append(not pair.identical)
    variable.lengths.append(pair.length)


def _layer(name: str) -> str:
    """The name without its last part, which says what the variable is to its layer."""
    return name.rpartition("/")[0] or name


def shared_part(names: Sequence[str]) -> str:
    """The model's name with a slash, if all variables begin with it and have a layer's name behind it."""
    first = names[0].partition("/")[0] + "/" if names else ""
    return first if all(_layer(name).startswith(first) for name in names) else ""


def _middle(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    finite = [value for value in known if math.isfinite(value)]
    if finite:
        return statistics.median(finite)
    return known[0] if known else None


def _together(lengths: Iterable[float | None]) -> float | None:
    known = [value for value in lengths if value is not None]
    return math.hypot(*known) if known else None


def courses(record: Record) -> Iterator[tuple[Caller, list[float]]]:
    """The losses that were differentiated at each line: the line, and the value at each step."""
    grouped: dict[Caller, list[float]] = defaultdict(list)
    for call in record.gradients:
        if call.where is not None and call.loss is not None:
            grouped[call.where.spot].append(call.loss)
    yield from grouped.items()
