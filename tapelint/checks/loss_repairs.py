"""Repairs of losses: choose another, say what it is given, swap what it is given, add what it leaves out."""

from __future__ import annotations

from tapelint.checks.mending import argument_site
from tapelint.checks.repairs import Change, RemoveArgument, Repair, Replace, SetArgument, Surround
from tapelint.checks.wording import argument, argument_node
from tapelint.program.columns import Mesh
from tapelint.program.comparisons import Comparison
from tapelint.program.knowledge import table
from tapelint.program.outputs import Head
from tapelint.program.program import Program
from tapelint.program.provenance import made_by
from tapelint.program.spelling import spelling
from tapelint.program.tapes import Gradients
from tapelint.program.trace import Call
from tapelint.program.values import Computed, Constant, Instance, Result, Site, alternatives
from tapelint.program.weighting import LostWeights
from tapelint.syntax import tree

_SPARSE = "sparse_"
_MEAN = "take the mean over the batch"
_UNPACKING = "keras.utils.unpack_x_y_sample_weight"


def expecting_logits(program: Program, compared: Comparison) -> Repair | None:
    """Telling the loss that it is given logits: where its object is made, or at the call of the function."""
    title = "tell the loss that it gets logits"
    if compared.model is not None and compared.loss.site is None:
        return _named_with_logits(program, compared, title)
    making = _making(compared)
    if making is None or _given_by_position(making, compared):
        return None
    return Repair(title, "unsafe", (SetArgument(making.site, "from_logits", "True"),))


def _named_with_logits(program: Program, compared: Comparison, title: str) -> Repair | None:
    """The loss of a `compile` as an object instead of its name. Metrics would have to be told, too."""
    if any(compared.call.argument(None, name) is not None for name in ("metrics", "weighted_metrics")):
        return None
    chosen = argument_site(program, compared.call, 1, "loss")
    cls = spelling(compared.call.site.module, f"keras.losses.{_class_of(compared.loss.function)}")
    if chosen is None or cls is None or not isinstance(compared.call.argument(1, "loss"), Constant):
        return None
    return Repair(title, "unsafe", (Replace(chosen, f"{cls}(from_logits=True)"),))


def _class_of(function: str) -> str:
    classes: dict[str, str] = table("losses")["classes"]
    return next(name for name, computed in classes.items() if computed == function)


def _making(compared: Comparison) -> Call | None:
    """The call that makes the loss object, or that computes the loss by a function of Keras."""
    if compared.loss.by == "tensorflow":
        return None
    if compared.loss.site is None:
        return compared.call if (compared.call.op or "").startswith("keras.losses.") else None
    chosen = compared.call.argument(1, "loss") if compared.model is not None else compared.call.receiver
    options = alternatives(chosen) if chosen is not None else []
    made = made_by(options[0]) if len(options) == 1 else None
    return made if made is not None and isinstance(options[0], Instance) and made.site == compared.loss.site else None


def _given_by_position(making: Call, compared: Comparison) -> bool:
    row = table("losses")["entropies"][compared.loss.function]
    position: int = row["class" if compared.loss.site is not None else "function"]
    return len(making.arguments) > position


def expecting_probabilities(program: Program, compared: Comparison, *, repaired: bool) -> Repair | None:
    """Leaving out that the loss is given logits. Where Keras has repaired it, nothing else changes."""
    making = _making(compared)
    if making is None:
        return None
    given = argument_site(program, making, 100, "from_logits")
    if given is None:
        return None
    title = "tell the loss that it gets probabilities"
    return Repair(title, "safe" if repaired else "unsafe", (RemoveArgument(making.site, given),))


def fitting_activation(program: Program, compared: Comparison, head: Head) -> Repair | None:
    """The activation that belongs to the loss, written into the layer that has another."""
    node = program.nodes(head.site.module)[head.site.node]
    if not isinstance(node, tree.Call):
        return None
    given = (
        argument_node(node, 1, "activation")
        if head.layer == "keras.layers.Dense"
        else argument_node(node, 100, "activation")
    )
    if given is None:
        return None
    site = Site(head.site.module, given.id)
    if compared.loss.from_logits:
        last = node.arguments and node.arguments[-1].value is given
        named = any(each.value is given and each.keyword for each in node.arguments)
        return (
            Repair("let the layer put out logits", "unsafe", (RemoveArgument(head.site, site),))
            if named or last
            else None
        )
    wanted = compared.loss.activation
    if not isinstance(given, tree.Constant) or wanted is None or (wanted == "softmax" and head.units == 1):
        return None
    return Repair(f"end in a {wanted}", "unsafe", (Replace(site, f'"{wanted}"'),))


def swapped(program: Program, call: Call) -> Repair | None:
    """The two arguments of a loss in each other's place."""
    names = ("labels", "logits") if (call.op or "").startswith("tensorflow.nn.") else ("y_true", "y_pred")
    first, second = (argument_site(program, call, position, name) for position, name in enumerate(names))
    if first is None or second is None or call.spread:
        return None
    return Repair("pass the labels first", "unsafe", (Replace(first, (second,)), Replace(second, (first,))))


def with_an_axis(program: Program, mesh: Mesh) -> Repair | None:
    """The labels with an axis of their own, so that each meets its own prediction."""
    node = program.nodes(mesh.site.module)[mesh.site.node]
    match mesh.made:
        case Computed(parts=(left, _)) if isinstance(node, tree.Binary):
            row = node.left if left is mesh.row else node.right
        case Result(call=call) if isinstance(node, tree.Call) and len(node.arguments) > 1:
            row = node.arguments[0 if call.arguments[0] is mesh.row else 1].value
        case _:
            return None
    axis = spelling(mesh.site.module, "tensorflow.newaxis") or spelling(mesh.site.module, "numpy.newaxis")
    if axis is None or not isinstance(row, (tree.Name, tree.Attribute, tree.Subscript, tree.Call)):
        return None
    change = Surround(Site(mesh.site.module, row.id), "", f"[:, {axis}]")
    return Repair("give the labels the axis that the predictions have", "unsafe", (change,))


def penalized(program: Program, gradients: Gradients, site: Site) -> Repair | None:
    """The losses of the model added where the loss is computed, in the function that asks for its gradients."""
    sources = argument(program, gradients.call, 1, "sources") or ""
    model, dot, last = sources.rpartition(".")
    if not dot or not last.startswith("trainable_") or site == gradients.call.site:
        return None
    node = program.nodes(site.module)[site.node]
    plain = isinstance(node, tree.Call) or (isinstance(node, tree.Binary) and node.operator == "+")
    before, after = ("", "") if plain else ("(", ")")
    change = Surround(site, before, f"{after} + sum({model}.losses)")
    return Repair(f"add the losses of `{model}`", "unsafe", (change,))


def averaged_in(program: Program, compared: Comparison) -> Repair | None:
    """The mean of a loss object in place of its sum."""
    making = _making(compared)
    given = argument_site(program, making, 100, "reduction") if making is not None else None
    return Repair(_MEAN, "unsafe", (RemoveArgument(making.site, given),)) if making and given else None


def averaged(program: Program, producer: Call) -> Repair | None:
    """The mean of a loss in place of its sum, where it is computed or where its object is made."""
    loss = producer.receiver
    if isinstance(loss, Instance) and loss.call is not None:
        given = argument_site(program, loss.call, 100, "reduction")
        return Repair(_MEAN, "unsafe", (RemoveArgument(loss.site, given),)) if given is not None else None
    mean = spelling(producer.site.module, "tensorflow.reduce_mean")
    node = program.nodes(producer.site.module)[producer.site.node]
    if producer.op != "tensorflow.reduce_sum" or mean is None or not isinstance(node, tree.Call):
        return None
    return Repair(_MEAN, "unsafe", (Replace(Site(producer.site.module, node.function.id), mean),))


def other_encoding(program: Program, compared: Comparison) -> Repair | None:
    """The same loss for labels in the other encoding."""
    function = compared.loss.function
    other = function.removeprefix(_SPARSE) if function.startswith(_SPARSE) else _SPARSE + function
    if other not in table("losses")["classes"].values():
        return None
    title = f"use `{other}`"
    making = _making(compared)
    if making is None:
        chosen = argument_site(program, compared.call, 1, "loss") if compared.model is not None else None
        named = compared.call.argument(1, "loss")
        if chosen is None or not isinstance(named, Constant) or named.value != function:
            return None
        return Repair(title, "safe", (Replace(chosen, f'"{other}"'),))
    node = program.nodes(making.site.module)[making.site.node]
    name = spelling(making.site.module, f"keras.losses.{_class_of(other)}")
    if making is compared.call or name is None or not isinstance(node, tree.Call):
        return None
    if not set(making.keywords) <= {"from_logits", "reduction", "name"} or making.arguments:
        return None
    return Repair(title, "safe", (Replace(Site(making.site.module, node.function.id), name),))


def with_weights(program: Program, lost: LostWeights) -> Repair | None:
    """The weights taken out of the batch, and passed on to Keras's loss; what is mended raised before."""
    nodes = program.nodes(lost.site.module)
    targets = nodes[lost.site.node]
    statement = next(nodes.parents(lost.site.node), None)
    unpack = spelling(lost.site.module, _UNPACKING)
    computing = [
        call
        for call in program.calls("keras.Model.compute_loss")
        if call.receiver is lost.fit.receiver and call.site.module is lost.site.module
    ]
    places = {call.site for call in computing}
    if not (lost.raises and isinstance(statement, tree.Assign) and isinstance(targets, tree.Collection) and unpack):
        return None
    if not places or any("sample_weight" in call.keywords or len(call.arguments) > 3 for call in computing):
        return None
    first, second = (Site(lost.site.module, item.id) for item in targets.items)
    changes: tuple[Change, ...] = (
        Replace(lost.site, (first, ", ", second, ", sample_weight")),
        Surround(Site(lost.site.module, statement.value.id), f"{unpack}(", ")"),
        *(SetArgument(place, "sample_weight", "sample_weight") for place in places),
    )
    return Repair("pass the weights on to the loss", "safe", changes)
