"""Portraits of training objects: what is known of a model, an optimizer, a loss, a metric, a dataset."""

from __future__ import annotations

import os

from tapelint.program import kinds
from tapelint.program.arrays import integer_of
from tapelint.program.description.anatomy import LINEAR, last_activation, regularized_layers
from tapelint.program.description.naming import name_of, quoted
from tapelint.program.feeds import Feed, feed_of_fit, feed_of_pipeline, feeds_behind
from tapelint.program.losses import reduction_of
from tapelint.program.models import layers_inside, library_class, parts_of, sensitive_layer
from tapelint.program.pipelines import Pipeline, pipeline_of
from tapelint.program.program import Program
from tapelint.program.project import Module
from tapelint.program.tapes import Parameters, Update, parameters_of
from tapelint.program.trace import Call, Context
from tapelint.program.values import (
    Class,
    Constant,
    Display,
    Function,
    Instance,
    Library,
    Result,
    Value,
    alternatives,
)

_MOST_LAYERS = 12


def portrait(value: Value, program: Program) -> str | None:
    """What is known of a training object; None for anything else."""
    kind = kinds.of(value)
    if kind == "dataset":
        return dataset(value, program)
    if kind is not None and isinstance(value, Result):
        return f"{kind}{_named(value, program)} from `{value.call.op}`"
    if not isinstance(value, Instance) or (kind is None and not isinstance(value.cls, Class)):
        return None
    named = _named(value, program)
    match kind:
        case "model":
            return f"model{named}: {'; '.join([*_model(value), *_anatomy(value, program), *_compiled(value, program)])}"
        case "layer":
            cares = ", which cares about training" if sensitive_layer(value) else ""
            return f"layer {class_name(value)}{cares}"
        case "loss":
            how = {"mean": "takes the mean", "sum": "takes the sum", "none": "does not reduce"}
            return f"loss {class_name(value)}: {how.get(reduction_of(value) or '', 'how it reduces is not known')}"
        case "metric":
            return f"metric{named}: {class_name(value)}{_life(value)}{_keeper(value, program)}"
        case "variable":
            return f"variable{named}"
        case None:
            return f"{class_name(value)} object"
    return f"{kind}{named}: {class_name(value)}"


def _named(value: Value, program: Program) -> str:
    name = name_of(value, program)
    return f" `{name}`" if name is not None and name != "self" and "(" not in name else ""


def class_name(value: Value) -> str:
    """The last part of the name of an object's class."""
    if isinstance(value, Instance) and isinstance(value.cls, Class):
        return value.cls.node.name
    made = value.call.op if isinstance(value, Result) else library_class(value)
    return (made or "something").rpartition(".")[2]


def path_of(module: Module, program: Program) -> str:
    """Where a module lies, seen from the program's own file."""
    return os.path.relpath(module.document.path, program.module.document.path.parent).replace(os.sep, "/")


# Models


def outcome(value: Value, program: Program) -> str | None:
    """What a call that trains or updates gives; None for any other value."""
    if not isinstance(value, Result):
        return None
    call = value.call
    if call.op == "keras.Model.fit":
        return f"history of {quoted(call.receiver or call.callee, program, 'a model')}: {fitted(call)}"
    if call.method == "apply_gradients" or call.op == "keras.Optimizer.apply":
        return _updated(Update(call), program)
    return None


def _updated(update: Update, program: Program) -> str:
    paired = update.paired()
    if paired is None:
        return "update with pairs that cannot be told apart"
    known = parameters_of(paired[1])
    return f"update of {variables(known, program) if known else quoted(paired[1], program, 'unknown variables')}"


def variables(parameters: list[Parameters], program: Program) -> str:
    """Lists of variables, owner by owner: parameters of `model`."""
    told = [_variables(each, program) for each in parameters]
    return " and ".join(dict.fromkeys(told))


def _variables(parameters: Parameters, program: Program) -> str:
    owner = quoted(parameters.root, program, "a model")
    if parameters.selector == "itself":
        return f"variable {owner}" if owner != "a model" else "a variable without a name"
    trainable = parameters.selector.startswith("trainable")
    noun = "parameters" if trainable else parameters.selector.replace("_", " ").replace("weights", "variables")
    return f"{'some of the ' if parameters.partial else ''}{noun} of {owner}"


def fitted(call: Call) -> str:
    """The data of a `fit`, as far as it can be told."""
    feed = feed_of_fit(call)
    own = ", through its own `train_step`" if call.body is not None else ""
    if feed is not None:
        return fed(feed) + own
    if call.opaque:
        return "arguments passed through * or **" + own
    return "data that cannot be told" + own


def fed(feed: Feed) -> str:
    """How many examples come in what batches."""
    size = f"{feed.size} examples" if feed.size is not None else "unknown number of examples"
    batch = str(feed.batch) if feed.batch is not None else "unknown size"
    tail = f", the last of {feed.tail}" if feed.tail else ""
    return f"{size} in batches of {batch}{tail}"


def _model(model: Instance) -> list[str]:
    inside = [one for one in parts_of(model) if one is not model]
    direct = [part for part, _ in layers_inside(model)] or [one for one in _held(model) if one in inside]
    of = f" of {_layers(direct)}" if direct else ""
    return [f"{class_name(model)}{of}", *_caring(model, inside), *_default_of_training(model)]


def _anatomy(model: Instance, program: Program) -> list[str]:
    """Which layers are regularized, and what the model's outputs come from."""
    told = {
        f"{class_name(each.layer)} {'is' if each.sure else 'may be'} regularized by {each.regularizer}"
        for each in regularized_layers(model)
    }
    last = last_activation(model, program.trace)
    ending = [f"ends in {last.name} of {last.origin}"] if last is not None and last != LINEAR else []
    return [*sorted(told), *ending]


def _compiled(model: Instance, program: Program) -> list[str]:
    """With what loss a model is compiled, and whether it is to run eagerly."""
    told = []
    for call in program.calls("keras.Model.compile"):
        if call.receiver is model:
            loss = call.argument(1, "loss")
            eagerly = call.argument(None, "run_eagerly")
            told.append("compiled" + (f" with loss {_loss(loss, program)}" if loss is not None else ""))
            told += ["to run eagerly"] if isinstance(eagerly, Constant) and eagerly.value else []
    return list(dict.fromkeys(told))


def _loss(loss: Value, program: Program) -> str:
    if isinstance(loss, Constant):
        return f"`{loss.value}`"
    return class_name(loss) if isinstance(loss, Instance) else quoted(loss, program, "of its own")


def _held(model: Instance) -> list[Value]:
    """What a model holds in its attributes, in the order in which they are set."""
    options = [option for held in model.attributes.values() for option in alternatives(held)]
    items = [item for option in options for item in (option.items if isinstance(option, Display) else [option])]
    return [option for item in items for option in alternatives(item)]


def _layers(layers: list[Value]) -> str:
    names = [class_name(layer) for layer in layers]
    return ", ".join([*names[:_MOST_LAYERS], *(["…"] if len(names) > _MOST_LAYERS else [])])


def _caring(model: Instance, inside: list[Value]) -> list[str]:
    caring = sorted({class_name(one) for one in (model, *inside) if sensitive_layer(one)})
    return [f"{' and '.join(caring)} care{'s' if len(caring) == 1 else ''} about training"] if caring else []


def _default_of_training(model: Instance) -> list[str]:
    call = _method(model, "call")
    default = call.defaults.get("training") if call is not None else None
    return [f"`training` is {default.value!r} by default"] if isinstance(default, Constant) else []


def _method(instance: Instance, name: str) -> Function | None:
    if isinstance(instance.cls, Class):
        for cls in kinds.ancestors(instance.cls):
            found = cls.attributes.get(name) if isinstance(cls, Class) else None
            if isinstance(found, Function):
                return found
    return None


# Metrics


def _life(metric: Instance) -> str:
    """Where in the loops a metric is made, updated, read and reset."""
    if _method(metric, "update_state") is not None:
        return ", with an `update_state` of its own"
    calls = [use.by for use in metric.uses if use.kind == "receiver" and isinstance(use.by, Call)]
    told = [f"made {_depth(metric.call.context)}"] if metric.call is not None else []
    for word, methods in (
        ("updated", ("update_state", "__call__")),
        ("read", ("result",)),
        ("reset", ("reset_state", "reset_states")),
    ):
        places = sorted({_depth(call.context) for call in calls if call.method in methods})
        told.append(f"{word} {' and '.join(places)}" if places else f"never {word}")
    return f", {', '.join(told)}"


def _keeper(metric: Instance, program: Program) -> str:
    """The model that holds a metric, which Keras resets as a part of it."""
    for assignment in program.trace.assignments:
        if assignment.value is metric and kinds.of(assignment.owner) in ("model", "layer"):
            return f", kept by {quoted(assignment.owner, program, class_name(assignment.owner))}"
    return ""


def _depth(context: Context) -> str:
    if any(loop.kind == "fit" for loop in context.loops):
        return "by `fit`"
    loops = len(context.loops)
    return ("outside loops", "in a loop", "in two loops")[loops] if loops < 3 else f"in {loops} loops"


# Data


def dataset(value: Value, program: Program) -> str:
    """A dataset as the chain of steps that makes it, with its size and what it is for."""
    pipeline = pipeline_of(value)
    if pipeline is None:
        return "dataset: its chain cannot be followed to its source"
    feed = feed_of_pipeline(pipeline)
    counted = f" of {feed.size} examples" if feed.size is not None else ""
    chain = " → ".join([_source(pipeline.source), *(_step(step, program) for step in pipeline.steps)])
    return f"dataset{counted}: {chain}; {_role(pipeline, program)}"


def drawn(whole: Value, program: Program) -> str:
    """What a loop takes from a dataset: a batch, or an example."""
    pipeline = pipeline_of(whole)
    noun = "a batch"
    if pipeline is not None:
        sizing = [step.method for step in pipeline.steps if step.method in ("batch", "padded_batch", "unbatch")]
        noun = "an example" if not sizing or sizing[-1] == "unbatch" else noun
    return f"{noun} of {quoted(whole, program, 'a dataset')}"


def _source(call: Call) -> str:
    return (call.op or call.method or "?").rpartition(".")[2]


def _step(call: Call, program: Program) -> str:
    arguments = [_argument(value, program) for value in call.arguments]
    arguments += [f"{name}={_argument(value, program)}" for name, value in call.keywords.items()]
    return f"{call.method or '?'}({', '.join([*arguments, *(['…'] if call.spread else [])])})"


def _argument(value: Value, program: Program) -> str:
    number = integer_of(value)
    if number is not None:
        return str(number)
    match value:
        case Constant():
            return repr(value.value)
        case Library(name=name):
            return name.rpartition(".")[2]
    return "…" if isinstance(value, Result) else (name_of(value, program) or "…")


def _role(pipeline: Pipeline, program: Program) -> str:
    """What a dataset is for, by who consumes it."""
    if any(_leads_to(pipeline, feed) for _, feed in program.feeds):
        return "trains"
    evaluating = [
        *program.scored,
        *(
            feed
            for call in program.evaluations
            for feed in feeds_behind([*call.arguments, *call.keywords.values()], call)
        ),
    ]
    if any(_leads_to(pipeline, feed) for feed in evaluating):
        return "evaluates"
    return "not seen to be used"


def _leads_to(pipeline: Pipeline, feed: Feed) -> bool:
    """Whether a feed is this pipeline or continues it."""
    other = feed.pipeline
    return (
        other is not None and other.source is pipeline.source and other.steps[: len(pipeline.steps)] == pipeline.steps
    )
