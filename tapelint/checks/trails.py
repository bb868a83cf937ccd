"""Trails: the stations of a value on its way to a finding, in the order in which the program comes to them."""

from __future__ import annotations

from tapelint.program.feeds import Feed
from tapelint.program.program import calls_root
from tapelint.program.provenance import ancestors, differentiable, made_by, projected, site_of
from tapelint.program.tapes import Gradients, choices_of_root
from tapelint.program.trace import Call
from tapelint.program.values import Result, Site, Value, alternatives

Trail = tuple[tuple[Site, str], ...]


def of_gradients(gradients: Gradients) -> Trail:
    """From the tape over the forward pass and the loss to the request for gradients."""
    steps: list[tuple[Site | None, str]] = [
        (gradients.tapes[0].site if gradients.tapes else None, "the tape is made here"),
        (_forward_site(gradients), "the model runs here"),
        (site_of(gradients.target) if gradients.target is not None else None, "this is what is differentiated"),
        (gradients.call.site, "the gradients are computed here"),
    ]
    return distinct(steps)


def _forward_site(gradients: Gradients) -> Site | None:
    """Where the model whose variables are meant is called on the way to the target."""
    owners = [root for each in gradients.parameters or () for root in choices_of_root(each.root)]
    for value in ancestors(gradients.target, differentiable) if gradients.target is not None else ():
        call = made_by(value) if isinstance(value, Result) else None
        if call is not None and any(calls_root(call, owner) for owner in owners):
            return call.site
    return None


def of_feed(feed: Feed) -> Trail:
    """From where the examples come from, as far as it is in view, to where they are put into batches."""
    source = feed.arrays[0] if feed.arrays else None
    return distinct(
        [
            (_origin(source) if source is not None else None, "the examples come from here"),
            (feed.site, "the batches are made here"),
        ]
    )


def _origin(array: Value) -> Site | None:
    """The call that an array comes from in the end, along its receivers and first arguments."""
    site: Site | None = None
    seen: set[int] = set()
    while id(array) not in seen:
        seen.add(id(array))
        array = alternatives(projected(array))[0]
        call = made_by(array)
        if call is None:
            break
        site = call.site
        inner = call.receiver or call.argument(0)
        if inner is None or made_by(projected(inner)) is None:
            break
        array = inner
    return site


def of_loss(gradients: Gradients, producer: Call | None) -> Trail:
    """From the forward pass to what gives one loss per example, and on to what is differentiated."""
    return distinct(
        [
            (_forward_site(gradients), "the model runs here"),
            (producer.site if producer is not None else None, "this gives one loss per example"),
            (site_of(gradients.target) if gradients.target is not None else None, "this is what is differentiated"),
        ]
    )


def distinct(steps: list[tuple[Site | None, str]]) -> Trail:
    """The known steps, each place once."""
    found: dict[Site, str] = {}
    for site, message in steps:
        if site is not None:
            found.setdefault(site, message)
    return tuple(found.items())
