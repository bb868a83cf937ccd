"""What the checks of data ask about the examples that a step is fed, and how they name them."""

from __future__ import annotations

from collections.abc import Iterable

from tapelint.program.feeds import Feed
from tapelint.program.program import Program
from tapelint.program.trace import Call
from tapelint.program.values import Site
from tapelint.syntax import tree
from tapelint.syntax.nodes import spell

# Steps of a pipeline that keep the order of the examples. Any other may mix them.
_ORDERLY = frozenset(
    {"map", "batch", "padded_batch", "prefetch", "cache", "repeat", "take", "skip", "with_options", "enumerate",
     "filter", "as_numpy_iterator", "snapshot"}
)  # fmt: skip


def keeps_order_between(steps: Iterable[Call]) -> bool:
    """Whether none of these steps of a pipeline may mix the examples."""
    return all(step.method in _ORDERLY for step in steps)


def quoted_pipeline(program: Program, step: Call) -> str:
    """The user's name for a pipeline, at one of its steps."""
    text = program.name(step.site)
    return f"`{text}`" if text is not None else "the pipeline"


def keeps_order(feed: Feed) -> bool:
    """Whether nothing on the way from the arrays or folders to the step may mix the examples."""
    if feed.pipeline is None:
        return True
    known = feed.pipeline.arrays is not None or feed.by_class
    return known and keeps_order_between(feed.pipeline.steps)


def is_stateful(program: Program) -> bool:
    """Whether a recurrent layer carries its state from batch to batch, so that their order is meant."""
    return any(
        layer.call is not None and layer.call.argument(None, "stateful") is not None
        for layer in program.objects("layer")
    )


def quoted_data(program: Program, feed: Feed, site: Site) -> str:
    """The user's name for the data, as far as there is one."""
    node = program.nodes(site.module)[site.node]
    if feed.slices and site == feed.site and isinstance(node, tree.Subscript):
        text = spell(node.value)
    else:
        text = program.name(site)
    return f"`{text}`" if text is not None else "the training data"
