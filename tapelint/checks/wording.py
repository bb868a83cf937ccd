"""How messages name things: the user's own spelling, in backticks."""

from __future__ import annotations

from collections.abc import Sequence

from tapelint.program.comparisons import Loss
from tapelint.program.program import Program
from tapelint.program.tapes import Gradients
from tapelint.program.trace import Call
from tapelint.program.values import Site
from tapelint.syntax import tree
from tapelint.syntax.nodes import spell


def quoted(program: Program, site: Site, otherwise: str) -> str:
    """The expression at `site` in backticks, or other words where it is too long to quote."""
    text = program.spelled(site)
    return f"`{text}`" if text is not None else otherwise


def callee(program: Program, call: Call, otherwise: str) -> str:
    """What is called, or whose method: `model` of both `model(x)` and `model.fit(x)`."""
    node = program.nodes(call.site.module)[call.site.node]
    if not isinstance(node, tree.Call):
        return otherwise
    function = node.function
    if call.method not in (None, "__call__") and isinstance(function, tree.Attribute):
        function = function.value
    text = spell(function)
    return f"`{text}`" if text is not None else otherwise


def argument(program: Program, call: Call, position: int, keyword: str | None = None) -> str | None:
    """The user's spelling of an argument, without backticks."""
    node = program.nodes(call.site.module)[call.site.node]
    given = argument_node(node, position, keyword) if isinstance(node, tree.Call) else None
    return spell(given) if given is not None else None


def argument_node(call: tree.Call, position: int, keyword: str | None = None) -> tree.Expression | None:
    """The expression that stands for an argument."""
    named = [each for each in call.arguments if each.keyword == keyword and keyword is not None]
    positional = [each for each in call.arguments if each.keyword is None and not each.star]
    chosen = named or positional[position : position + 1]
    return chosen[0].value if chosen else None


def owner(program: Program, gradients: Gradients) -> str:
    """The owner of the variables that gradients are taken by: `model` of `model.trainable_variables`."""
    text = argument(program, gradients.call, 1, "sources")
    if text is None:
        return "the model"
    head, dot, last = text.rpartition(".")
    return f"`{head if dot and last.endswith(('variables', 'weights')) else text}`"


def listed(words: Sequence[str]) -> str:
    """Up to three of them: `a`, `a and b`, `a, b and c`, `a, b and 4 more`."""
    shown = list(words) if len(words) <= 3 else [*words[:2], f"{len(words) - 2} more"]
    return " and ".join(part for part in (", ".join(shown[:-1]), shown[-1]) if part)


def loss_named(program: Program, loss: Loss) -> str:
    """A loss by the name that the user gave its object, or else by that of its function."""
    name = program.name(loss.site) if loss.site is not None else None
    return f"`{name or loss.function}`"
