"""Checks of what makes a run repeatable."""

from __future__ import annotations

from tapelint.checks.mending import argument_site
from tapelint.checks.registry import check_of_absence
from tapelint.checks.repairs import Repair, Replace
from tapelint.checks.report import Report, Reports
from tapelint.program.knowledge import table
from tapelint.program.models import library_class
from tapelint.program.program import Program
from tapelint.program.spelling import spelling
from tapelint.program.trace import Call
from tapelint.program.values import Constant, Instance, Site
from tapelint.syntax import tree

_SEEDING_LAYERS = frozenset({"keras.utils.set_random_seed", "random.seed"})
_SEEDING_OTHERS = {
    "tensorflow.random.set_seed": "`tf.random.set_seed`",
    "tensorflow.set_random_seed": "`tf.set_random_seed`",
    "numpy.random.seed": "`np.random.seed`",
}


@check_of_absence
def unseeded_run(program: Program) -> Reports:
    if program.target == "2" or any(True for _ in program.calls(*_SEEDING_LAYERS)):
        # In Keras 2, the seed of TensorFlow is also that of the initial weights.
        return
    seeds = [call for call in program.calls(*_SEEDING_OTHERS) if not call.context.loops]
    first = seeds[0] if seeds else None
    trains = bool(program.fits or program.training)
    drawn = next((layer for layer in program.objects("layer") if _draws_its_weights(layer)), None)
    if first is not None and drawn is not None and trains and _is_constant(first):
        yield Report(
            first.site,
            f"{_SEEDING_OTHERS[first.op or '']} does not seed the initial weights of Keras 3: two runs differ",
            ((drawn.site, "this draws its weights from another source"),),
            fix=_seed_everything(program, first),
        )


def _is_constant(seed: Call) -> bool:
    given = seed.argument(0, "seed")
    return isinstance(given, Constant) and given.value is not None


def _draws_its_weights(layer: Instance) -> bool:
    """Whether a layer of Keras makes weights by an initializer that was not given a seed."""
    if library_class(layer) not in table("inputs")["weights"]["layers"] or layer.call is None or layer.call.opaque:
        return False
    return not any(name.endswith("_initializer") for name in layer.call.keywords)


def _seed_everything(program: Program, seed: Call) -> Repair | None:
    """Seed Python, NumPy, TensorFlow and Keras at once, in the place of one of them."""
    function = spelling(seed.site.module, "keras.utils.set_random_seed")
    node = program.nodes(seed.site.module)[seed.site.node]
    if function is None or not isinstance(node, tree.Call) or argument_site(program, seed, 0, "seed") is None:
        return None
    change = Replace(Site(seed.site.module, node.function.id), function)
    return Repair("seed everything that draws", "unsafe", (change,))
