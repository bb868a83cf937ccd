"""What really happened when a program was run under observation, entry by entry, with the lines of the user's files.

A Record is written by the probe's child and read by whoever judges or prints it. It survives as JSON: `to_json` and
`from_json` are each other's inverse, and a text that is cut off, damaged or of another version is a DamagedRecord.
"""

import dataclasses
import json
import math
import types
import typing
from dataclasses import dataclass
from typing import Any, Literal

VERSION = 1

End = Literal["finished", "stopped", "raised", "exited", "crashed", "timeout", "memory", "interrupted", "unstarted"]
"""How a run ended: by itself; by the probe, which had seen enough; by an exception nobody caught; by `sys.exit` or
`os._exit`; by a signal; by the time limit; by the memory limit; by the person who asked for it; not even begun."""

Training = Literal["true", "false", "none", "unset", "tensor"]
GradientKind = Literal["none", "zero", "nonfinite", "finite", "unknown"]
Match = Literal["identity", "value", "unknown", "none"]
MetricEventKind = Literal["update", "reset", "read"]
Channel = Literal["warnings", "tensorflow", "absl"]


ParityVerdict = Literal["matches", "differs", "unable"]

CauseName = Literal[
    "sum-over-batch",
    "mean-twice",
    "ascent",
    "missing-penalties",
    "doubled-penalties",
    "weighted-penalties",
    "inference-mode",
    "swapped-arguments",
    "logits-flipped",
    "broadcast-labels",
    "unscaled",
    "replicas",
    "permuted-pairs",
    "double-application",
    "second-optimizer",
    "clipped",
    "scaled-gradients",
    "zeroed-gradients",
    "left-out",
    "mixed-gradients",
    "accumulator-not-zeroed",
    "accumulation-not-averaged",
    "statistics-frozen",
    "statistics-moved-twice",
    "optimizer-per-step",
    "iterations-reset",
]
"""Why an update is not the one of `fit`. The names stay; more may come."""


class DamagedRecord(ValueError):
    """A text that is not a record this version can read; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A line of the user's code, such as one that an outer frame went through; in a notebook, a line of a `cell`."""

    path: str
    line: int
    cell: int | None = None

    @property
    def told(self) -> str:
        """What people call it: `line 4`, in a notebook `line 4 of cell 2`."""
        return f"line {self.line}" + (f" of cell {self.cell}" if self.cell else "")


@dataclass(frozen=True, slots=True)
class Site:
    """The innermost expression of the user's code that was being evaluated: 1-based lines and columns, end exclusive.

    `function` is its qualified name (`<module>` outside of any), which stands on the lines `first` to `last`; `callers`
    are the outer frames in the user's files, innermost first. In a notebook, lines are those of the `cell`, the 1-based
    one of all.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    function: str
    first: int
    last: int
    callers: tuple[Caller, ...] = ()
    cell: int | None = None

    @property
    def spot(self) -> Caller:
        """The line that it begins on."""
        return Caller(self.path, self.line, self.cell)


@dataclass(frozen=True, slots=True)
class Tensor:
    """The shape and type of a value; an unknown dimension is None."""

    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Exceptional:
    """An exception: its type, what it said, and where in the user's code it came up."""

    kind: str
    message: str
    where: Site | None


@dataclass(frozen=True, slots=True)
class SensitiveLayer:
    """A layer that acts differently in training, and the mode it ran in; None where that cannot be seen."""

    name: str
    kind: str
    training: bool | None


@dataclass(frozen=True, slots=True)
class Extent:
    """The numbers in an array: the least, the greatest, and whether all of them are whole."""

    shape: tuple[int | None, ...]
    lowest: float
    highest: float
    whole: bool


@dataclass(frozen=True, slots=True)
class ModelCall:
    """A model, or a layer on its own, called by the user's code. `training` is the flag as it was passed.

    `strays` are the trainable variables that were read on the way and are not among its weights. `inputs` says how far
    its inputs reached; only the first call of each is looked at.
    """

    where: Site | None
    name: str
    kind: str
    training: Training
    sensitive: tuple[SensitiveLayer, ...]
    batch: int | None
    strays: tuple[str, ...] = ()
    inputs: Extent | None = None


@dataclass(frozen=True, slots=True)
class LooseCall:
    """A call of a model while no tape was recording, so that nothing can be learnt from it."""

    number: int
    where: Site | None
    call: ModelCall


@dataclass(frozen=True, slots=True)
class Source:
    """One thing a gradient was asked for, and what came back.

    `variable` is its identity in this run. `largest` is the greatest magnitude in the gradient. `unchanged` says
    whether every bit is as it was at the previous gradient call by this variable, `moved` by how much it has moved at
    most since then; both are None the first time. `size` is the root of the mean of the gradient's squares, `norm` that
    of their sum, and `rank` counts the dimensions of what it belongs to.
    """

    variable: int
    name: str
    is_variable: bool
    trainable: bool
    gradient: GradientKind
    largest: float | None
    unchanged: bool | None
    moved: float | None
    size: float | None = None
    rank: int | None = None
    norm: float | None = None


@dataclass(frozen=True, slots=True)
class GradientCall:
    """One call of `tape.gradient`. `loss` is the mean of the target, `compared` counts the sources seen before.

    `direct`: the call stands in the user's code, not in a library's. `fit` is the number of the fit it is part of.
    `held`: the program still had the gradients several calls later, to do something with them yet.
    """

    number: int
    where: Site | None
    direct: bool
    fit: int | None
    in_function: bool
    symbolic: bool
    persistent: bool
    recording: bool
    weighted: bool
    targets: tuple[Tensor, ...]
    loss: float | None
    sources: tuple[Source, ...]
    compared: int
    calls: tuple[ModelCall, ...]
    held: bool = False


@dataclass(frozen=True, slots=True)
class TapeUse:
    """The tapes opened at one place of the user's code: how many were asked, and how many given up unasked.

    `questions` counts what they were asked altogether, `alive` is the most of them that the program held at once.
    """

    number: int
    where: Site | None
    in_function: bool
    opened: int
    asked: int
    unasked: int
    calls: tuple[ModelCall, ...]
    persistent: bool = False
    questions: int = 0
    alive: int = 0


@dataclass(frozen=True, slots=True)
class Optimizer:
    """An optimizer the program made. `own`: it was constructed in the user's code.

    `applied` counts its updates, `scaled` the losses that it was asked to scale.
    """

    number: int
    where: Site | None
    own: bool
    kind: str
    applied: int
    scaled: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """A gradient and the variable it was applied to.

    `source` is the variable that the gradient belongs to according to the gradient call, `matched` how that was found
    out. `identical` says whether the variable has the same bits after the update, `moved` by how much it moved at most,
    and `scale` how large its largest number was before. `norm` is the length of the gradient, `step` that of the way
    the variable went, and `length` that of the variable before: roots of sums of squares.
    """

    variable: int
    name: str
    differentiated: bool
    source: int | None
    source_name: str | None
    gradient_call: int | None
    matched: Match
    largest: float | None
    identical: bool | None
    moved: float | None
    scale: float | None = None
    norm: float | None = None
    step: float | None = None
    length: float | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """One application of gradients by an optimizer, from the outermost call in the user's code."""

    number: int
    where: Site | None
    direct: bool
    fit: int | None
    in_function: bool
    optimizer: int
    kind: str
    pairs: tuple[Pair, ...]
    iterations: int | None
    rate: float | None
    exception: Exceptional | None


@dataclass(frozen=True, slots=True)
class Assignment:
    """In-place changes of one variable by one place of the user's code. `source`: gradients were asked for by it."""

    number: int
    where: Site | None
    operation: str
    variable: int
    name: str
    source: bool
    in_function: bool
    times: int
    moved: float | None


@dataclass(frozen=True, slots=True)
class Operation:
    """One link in the chain of a pipeline, such as `shuffle`, with the arguments it was given, and where."""

    name: str
    buffer: int | None = None
    batch: int | None = None
    drop_remainder: bool | None = None
    reshuffle: bool | None = None
    count: int | None = None
    where: Caller | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """One time through a pipeline or an array: the size of each batch, and a digest of each component of each batch.

    `starts` are the rows of an array at which the batches began. `ended`: the data ran out. `trained`: gradients were
    asked for on the way. `again`: the probe asked for these batches itself, after the program, to compare their order.
    `rows` are digests of the single examples in the first batches. `vain` counts how often more was asked for
    afterwards.
    """

    sizes: tuple[int, ...]
    digests: tuple[tuple[str, ...], ...]
    starts: tuple[int, ...]
    ended: bool
    trained: bool
    again: bool = False
    rows: tuple[str, ...] = ()
    vain: int = 0


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Data that was iterated: a dataset with its chain of operations, or an array taken in slices.

    `cardinality` counts batches and `examples` what there is to see; None where that is unknown. `endless`: no end.
    """

    number: int
    where: Site | None
    fit: int | None
    kind: Literal["dataset", "array"]
    name: str
    operations: tuple[Operation, ...]
    cardinality: int | None
    endless: bool
    examples: int | None
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Making:
    """A line of the user's code that makes datasets by an operation: how many, and how many of them anybody used.

    `returned`: they are no datasets but what a function has returned, and are used if they are not dropped at once.
    """

    number: int
    where: Caller
    operation: str
    made: int
    used: int
    returned: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A `tf.function`: how often it was called, with how many different signatures, and how often it was traced.

    `objects` counts those that were made around the same Python function, `values` the different Python numbers, texts
    and objects that came with tensors of one form, and `shapes` the different shapes of tensors that came otherwise
    alike.
    """

    number: int
    where: Site | None
    name: str
    line: int
    calls: int
    signatures: int
    traces: int
    objects: int = 1
    values: int = 1
    shapes: int = 1


@dataclass(frozen=True, slots=True)
class PythonCall:
    """A function of Python's or NumPy's that one place of the user's code called, `times` over.

    `traced`: this was while TensorFlow traced a function, `symbolic`: it was given a tensor without a value.
    """

    number: int
    where: Site | None
    name: str
    traced: bool
    symbolic: bool
    times: int


@dataclass(frozen=True, slots=True)
class Loop:
    """A `for` loop over an iterator that can be gone through only once, such as a generator, and that has a name.

    `begun` times over it gave so many elements in all; `vain` counts the times when there was nothing left.
    """

    number: int
    where: Site | None
    name: str
    kind: str
    begun: int
    given: int
    vain: int


@dataclass(frozen=True, slots=True)
class MetricEvent:
    """What happened to a metric, `times` in a row from one place, in one epoch. `own`: in the user's code."""

    kind: MetricEventKind
    where: Site | None
    own: bool
    epoch: int
    times: int


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that the user's code updates, resets or reads itself."""

    number: int
    where: Site | None
    name: str
    kind: str
    events: tuple[MetricEvent, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """What a metric was given from one place, in all its updates. `threshold`: what it takes for a yes lies above."""

    number: int
    where: Site | None
    name: str
    kind: str
    threshold: float | None
    times: int
    labels: Extent
    predictions: Extent


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback of a fit. `available`: its monitored quantity was among the epoch's logs; None where none was asked.

    `stops`: it can end the training; `keeps`: it can keep or restore the best weights. `dropped`: the probe left it
    out.
    """

    kind: str
    own: bool
    monitor: str | None
    patience: int | None
    available: bool | None
    stops: bool
    keeps: bool
    dropped: bool


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch of a fit: the steps it took, the learning rate in force, and the logs at its end."""

    steps: int
    rate: float | None
    logs: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """One call of `fit`, of which the probe lets a few short epochs happen.

    `batches` is what an epoch has, `asked` the epochs the program wanted, `cut` whether the probe shortened it.
    `iterations` counts the optimizer's updates during the fit; `changed` of `trainable` variables ended different.
    Of the `held_out` examples that were looked at, `shared` are trained on, too; None where that cannot be told.
    `inputs` says how far the first of them reach. Of so many `classes`, what `validation_split` takes has
    `held_out_classes`.
    `fresh`: the training step had to be made, because nothing had been trained since the model was compiled.
    """

    number: int
    where: Site | None
    model: str
    x: str
    examples: int | None
    batch: int | None
    batches: int | None
    shuffle: bool
    validation: Literal["data", "split", "none"]
    asked: int
    cut: bool
    loss: str
    callbacks: tuple[Callback, ...]
    epochs: tuple[Epoch, ...]
    steps: int
    iterations: int | None
    accumulates: bool
    trainable: int
    changed: int | None
    exception: Exceptional | None
    weighted: bool = False
    held_out: int | None = None
    shared: int | None = None
    inputs: Extent | None = None
    classes: int | None = None
    held_out_classes: int | None = None
    fresh: bool | None = None


@dataclass(frozen=True, slots=True)
class Values:
    """What the tensors that took one part in several calls were like: the first one's form, and the extremes of all.

    `low` and `high` leave out what is not finite, which `finite` tells; `whole`: nothing but whole numbers; `sums`: the
    numbers along the last axis add up to one. None where no numbers were there to look at.
    """

    shape: tuple[int | None, ...]
    dtype: str
    low: float | None
    high: float | None
    whole: bool | None
    sums: bool | None
    finite: bool | None


@dataclass(frozen=True, slots=True)
class LossCall:
    """A loss that was computed `times` over at one place: by an object or a function of Keras's, or by `tf.nn`.

    `own`: the call stands in the user's code. `result` is what came back, before the caller reduced it. `recovered`:
    Keras noted logits at what was predicted, and computes the loss of those. `labels` counts the classes in what is
    true: pairs of a class and a number, where there are few classes.
    """

    number: int
    where: Site | None
    own: bool
    fit: int | None
    kind: str
    from_logits: bool | None
    reduction: str | None
    weighted: bool
    taped: bool
    in_function: bool
    true: Values
    predicted: Values
    result: Values
    times: int
    recovered: bool = False
    labels: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Broadcast:
    """An operation on two tensors at one place that gave more numbers than either had, `times` over."""

    number: int
    where: Site | None
    operation: str
    left: tuple[int | None, ...]
    right: tuple[int | None, ...]
    result: tuple[int | None, ...]
    times: int


@dataclass(frozen=True, slots=True)
class Construction:
    """Layers, models or variables that one place of the user's code made, `times` over.

    `in_call`: while a layer or model was being called; `steps` counts the gradient calls before the last was made.
    """

    number: int
    where: Site | None
    what: Literal["model", "layer", "variable"]
    kind: str
    in_call: bool
    in_function: bool
    taped: bool
    steps: int
    times: int


@dataclass(frozen=True, slots=True)
class Activation:
    """The units of a layer that lets nothing below zero through, in the last of the training steps that were seen.

    `where` is the place at which the layer was made. `silent` units were never above zero, for none of the `examples`;
    `calls` counts all calls.
    """

    number: int
    where: Site | None
    name: str
    kind: str
    units: int
    silent: int
    examples: int
    calls: int


@dataclass(frozen=True, slots=True)
class Resemblance:
    """Gradients of a step, told as `data` times those of the loss's mean plus `penalties` times those of the penalties.

    `residual` is the part of them that this leaves unexplained. The reference called the model in the mode `training`;
    the gradients of its penalties are `share` times as large as those of the mean. No factor where there are none.
    """

    training: bool
    data: float
    penalties: float | None
    share: float
    residual: float


@dataclass(frozen=True, slots=True)
class SideBySide:
    """The lengths of the gradient of one variable in the user's step, of that in the step of `fit`, and `apart`."""

    name: str
    own: float
    fit: float
    apart: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """An update that was held against the one `fit` would make of the same batch, before it was applied.

    The loss came as so many `terms`, and the tape was asked for the gradient of so many `targets`. `flag` is what the
    user's code passed on as `training`. Of the updates at this place so many `steps` were compared; `causes` are the
    names of what was found in any of them, the simplest first, `also` those that cannot be told from these, and
    `message` tells them in words and numbers. `resemblances` are there where nothing at all was left to guess. In
    `variables`, the model of `fit` is in training mode.
    """

    number: int
    where: Site | None
    gradient_call: int | None
    loss: str
    batch: int
    terms: int
    targets: int
    flag: Training
    optimizer: str
    resemblances: tuple[Resemblance, ...]
    verdict: ParityVerdict = "matches"
    causes: tuple[CauseName, ...] = ()
    also: tuple[CauseName, ...] = ()
    message: str = ""
    steps: int = 1
    variables: tuple[SideBySide, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainerCall:
    """A method of a model such as `predict` or `compile`, called `times` over at one place, in so many seconds.

    `examples` is what the last call was given; `steps` counts the gradient calls before it.
    """

    number: int
    where: Site | None
    method: str
    model: int
    name: str
    taped: bool
    in_function: bool
    examples: int | None
    steps: int
    seconds: float
    times: int


@dataclass(frozen=True, slots=True)
class Model:
    """A model that the user's code called or trained.

    `penalties` counts the losses that its layers add, such as regularization, and `penalties_read` how often anybody
    asked it for them; `untracked` are the variables in attributes of its layers that are none of its weights.
    """

    number: int
    where: Site | None
    model: int
    name: str
    kind: str
    trainable: int
    variables: int
    penalties: int
    penalties_read: int
    untracked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning, on the channel it came through, `times` over."""

    number: int
    channel: Channel
    category: str
    text: str
    where: Site | None
    times: int


@dataclass(frozen=True, slots=True)
class Denial:
    """Something the program tried and was not allowed to do: a connection, a process, a write outside."""

    number: int
    action: str
    target: str
    where: Site | None
    times: int


@dataclass(frozen=True, slots=True)
class Replacement:
    """Something the probe put in the place of what the program asked for, such as data that would be downloaded."""

    number: int
    what: str
    by: str
    where: Site | None


@dataclass(frozen=True, slots=True)
class Guard:
    """A part of the confinement, and whether it was in force; `detail` says why not, or how."""

    name: str
    active: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that was seen of one run.

    Of its `seconds`, `importing` went into TensorFlow, which is brought for several scripts by the first of them, and
    `running` into the script, observed. `cut` names the kinds of entries of which there were too many to keep,
    `troubles` says what the probe itself failed to see, and why.
    """

    script: str
    arguments: tuple[str, ...]
    graph: bool
    end: End
    detail: str
    seconds: float
    updates: int = 0
    where: Site | None = None
    exit_code: int | None = None
    exception: Exceptional | None = None
    versions: tuple[tuple[str, str], ...] = ()
    guards: tuple[Guard, ...] = ()
    gradients: tuple[GradientCall, ...] = ()
    tapes: tuple[TapeUse, ...] = ()
    optimizers: tuple[Optimizer, ...] = ()
    applications: tuple[Update, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    pipelines: tuple[Pipeline, ...] = ()
    makings: tuple[Making, ...] = ()
    functions: tuple[Function, ...] = ()
    python_calls: tuple[PythonCall, ...] = ()
    loops: tuple[Loop, ...] = ()
    metrics: tuple[Metric, ...] = ()
    fits: tuple[Fit, ...] = ()
    loose_calls: tuple[LooseCall, ...] = ()
    models: tuple[Model, ...] = ()
    constructions: tuple[Construction, ...] = ()
    losses: tuple[LossCall, ...] = ()
    activations: tuple[Activation, ...] = ()
    broadcasts: tuple[Broadcast, ...] = ()
    trainer_calls: tuple[TrainerCall, ...] = ()
    scores: tuple[Score, ...] = ()
    warnings: tuple[Warned, ...] = ()
    denials: tuple[Denial, ...] = ()
    replacements: tuple[Replacement, ...] = ()
    cut: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()
    stdout: str = ""
    stderr: str = ""
    version: int = VERSION
    comparisons: tuple[Comparison, ...] = ()
    importing: float = 0.0
    running: float = 0.0


def to_json(record: Record, indent: int | None = None) -> str:
    """The record as JSON."""
    return json.dumps(plain(record), indent=indent, ensure_ascii=False, allow_nan=False)


def from_json(text: str) -> Record:
    """The record in `text`. Raises DamagedRecord."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise DamagedRecord(f"the record is cut off or not JSON: {error}") from None
    if not isinstance(value, dict) or not isinstance(value.get("version"), int):
        raise DamagedRecord("this is JSON, but not a record: it has no version")
    if value["version"] != VERSION:
        raise DamagedRecord(f"the record has version {value['version']}, this tapelint reads version {VERSION}")
    record: Record = revive(Record, value)
    return record


def plain(value: Any) -> Any:
    """`value` in what JSON knows: dictionaries, lists, strings, numbers. What is not finite becomes a string."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def revive(kind: Any, value: Any, name: str = "record") -> Any:
    """The value of type `kind` that `plain` made `value` of. Raises DamagedRecord, naming the part that is wrong."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _revive_entry(kind, value, name)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        if value in arguments:
            return value
    elif origin is types.UnionType:
        if value is None and type(None) in arguments:
            return None
        (only,) = (argument for argument in arguments if argument is not type(None))
        return revive(only, value, name)
    elif origin is tuple:
        if isinstance(value, list):
            return _revive_tuple(arguments, value, name)
    elif kind is float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if value in ("nan", "inf", "-inf"):
            return float(value)
    elif type(value) is kind:
        return value
    raise DamagedRecord(f"the record is damaged: `{name}` is {json.dumps(value)[:60]}")


def _revive_entry(kind: type[Any], value: Any, name: str) -> Any:
    if not isinstance(value, dict):
        raise DamagedRecord(f"the record is damaged: `{name}` is {json.dumps(value)[:60]}")
    hints = {field.name: field.type for field in dataclasses.fields(kind)}
    strangers = value.keys() - hints.keys()
    if strangers:
        raise DamagedRecord(f"the record is damaged: `{name}` has an unknown part `{min(strangers)}`")
    missing = hints.keys() - value.keys()
    if missing:
        raise DamagedRecord(f"the record is incomplete: `{name}` lacks `{min(missing)}`")
    return kind(**{part: revive(hint, value[part], f"{name}.{part}") for part, hint in hints.items()})


def _revive_tuple(arguments: tuple[Any, ...], value: list[Any], name: str) -> tuple[Any, ...]:
    if arguments[-1] is Ellipsis:
        return tuple(revive(arguments[0], item, f"{name}[{index}]") for index, item in enumerate(value))
    if len(arguments) != len(value):
        raise DamagedRecord(f"the record is damaged: `{name}` has {len(value)} parts instead of {len(arguments)}")
    return tuple(
        revive(argument, item, f"{name}[{index}]")
        for index, (argument, item) in enumerate(zip(arguments, value, strict=True))
    )
