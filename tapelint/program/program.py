"""The semantic model that checks ask: what a project's training programs do, in the nouns of training."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from tapelint.program import kinds
from tapelint.program.comparisons import Comparison, comparisons
from tapelint.program.feeds import Feed, feed_of_fit, feed_of_pipeline, feed_of_scoring, feeds_behind, feeds_of
from tapelint.program.graphs_of_old import is_of_old
from tapelint.program.pipelines import Pipeline, pipeline_of
from tapelint.program.project import Module
from tapelint.program.scorings import Scoring, scorings
from tapelint.program.tapes import ASKING, Gradients, Update, fate, tapes_behind
from tapelint.program.target import NEWEST, Target, asks_for_legacy
from tapelint.program.trace import Call, Trace
from tapelint.program.values import Instance, Site, Use, Value, alternatives
from tapelint.program.wrappers import TAKES_STEP
from tapelint.syntax.nodes import Nodes, spell

_SCORING = frozenset({"keras.Metric.__call__", "keras.Metric.update_state", "keras.Model.test_on_batch"})


class Program:
    """What one module does, with all it calls in the project: its abstract execution, ordered by what it means."""

    def __init__(self, module: Module, trace: Trace, target: Target = NEWEST) -> None:
        self.module = module
        self.trace = trace
        self._target = target
        self._nodes: dict[Module, Nodes] = {}

    # What was called

    def calls(self, *ops: str) -> Iterator[Call]:
        """The calls of these operations, in order."""
        return (call for call in self.trace.calls if call.op in ops)

    @cached_property
    def gradients(self) -> list[Gradients]:
        """Every request of a known tape for gradients."""
        found = []
        for call in self.trace.calls:
            if call.method in ASKING and call.receiver is not None:
                tapes = tapes_behind(call.receiver)
                if tapes:
                    found.append(Gradients(call, tapes))
        return found

    @cached_property
    def updates(self) -> list[Update]:
        """Every `apply_gradients`, and every `apply` of a known optimizer."""
        return [
            Update(call)
            for call in self.trace.calls
            if call.method == "apply_gradients" or call.op == "keras.Optimizer.apply"
        ]

    @cached_property
    def training(self) -> list[Gradients]:
        """The gradients by model parameters that reach an update."""
        return [
            gradients
            for gradients in self.gradients
            if gradients.parameters and gradients.first_order and fate(gradients.call.result) == "applied"
        ]

    @cached_property
    def forwards(self) -> list[Call]:
        """The forward passes that the user's own code asks for; those inside a model's `call` are left out."""
        return [call for call in self.trace.calls if is_forward(call) and not call.context.forwards]

    @cached_property
    def comparisons(self) -> list[Comparison]:
        """Where predictions meet targets in a known loss."""
        return list(comparisons(self.trace))

    @cached_property
    def scorings(self) -> list[Scoring]:
        """Where predictions meet labels in a metric of Keras."""
        return list(scorings(self.trace, self.comparisons))

    @cached_property
    def fits(self) -> list[Call]:
        return list(self.calls("keras.Model.fit"))

    @cached_property
    def all_fits(self) -> list[Call]:
        """The fits of Keras, and others to a pipeline of TensorFlow: what is fitted to one trains like Keras."""
        return [call for call in self.trace.calls if call.op == "keras.Model.fit" or _takes_dataset(call)]

    @cached_property
    def feeds(self) -> list[tuple[Call, Feed]]:
        """Each call that trains, by gradients, `fit`, `train_on_batch` or a helper, with the data that it is fed."""
        found = [(gradients.call, feed) for gradients in self.training for feed in feeds_of(gradients)]
        found += [(fit, feed) for fit in self.all_fits if (feed := feed_of_fit(fit)) is not None]
        for call in self.calls("keras.Model.train_on_batch", TAKES_STEP):
            found += [(call, feed) for feed in feeds_behind([*call.arguments, *call.keywords.values()], call)]
        return found

    @cached_property
    def loose_pipelines(self) -> list[Pipeline]:
        """The pipelines that go out of view when they are done: nothing in view takes from them."""
        found = [
            pipeline_of(call.result)
            for call in self.trace.calls
            if (call.op or "").startswith("tensorflow.data.Dataset.")
            and call.result.uses
            and all(map(_leads_away, call.result.uses))
        ]
        return [pipeline for pipeline in found if pipeline is not None]

    @cached_property
    def evaluations(self) -> list[Call]:
        """The calls that score data without learning from it, batch by batch in a loop that trains nothing."""
        steps = [*(call for call, _ in self.feeds), *self.calls(TAKES_STEP)]
        training = {id(loop) for call in steps for loop in call.context.loops[-1:]}
        return [
            call
            for call in self.trace.calls
            if call.op in _SCORING or (call.op == "forward" and not call.context.forwards and not call.context.managers)
            if call.context.loops and id(call.context.loops[-1]) not in training
        ]

    @cached_property
    def scored(self) -> list[Feed]:
        """What Keras runs a model on without training it: in `evaluate` and `predict`, or to validate a `fit`."""
        scorings = [feed_of_scoring(call) for call in self.calls("keras.Model.evaluate", "keras.Model.predict")]
        held_out = [call.argument(7, "validation_data") for call in self.fits]
        pipelines = [pipeline_of(value) for value in held_out if value is not None]
        return [
            *(feed for feed in scorings if feed is not None),
            *(feed_of_pipeline(pipeline) for pipeline in pipelines if pipeline is not None),
        ]

    def objects(self, kind: str) -> Iterator[Instance]:
        """The objects of a kind that are made in view, in the order of their making."""
        for call in self.trace.calls:
            if isinstance(call.result, Instance) and call.result.call is call and kinds.of(call.result) == kind:
                yield call.result

    @cached_property
    def distributed(self) -> bool:
        """Whether a distribution strategy is in sight."""
        return any(True for _ in self.objects("strategy"))

    @cached_property
    def target(self) -> Target:
        """The Keras that this is written for: 2 if one of its files asks for that, else as its project has it."""
        modules = {self.module, *(call.site.module for call in self.trace.calls)}
        return "2" if any(asks_for_legacy(module.document.text) for module in modules) else self._target

    @cached_property
    def graph_of_old(self) -> Call | None:
        """The first sign that this trains a graph of TensorFlow 1; None for a program of tapes, or of Keras."""
        if self.gradients or self.fits:
            return None
        return next((call for call in self.trace.calls if call.op is not None and is_of_old(call.op)), None)

    @cached_property
    def fragmentary(self) -> bool:
        """Whether this is quoted in part: something is left out, or comes from nowhere.

        Then nothing follows from what is not there.
        """
        document = self.module.document
        return document.quotes and (not document.whole or bool(self.trace.unbound))

    def contexts(self, call: Call) -> list[Call]:
        """The same place in the source, in every run of it that was seen."""
        return self._by_site[call.site.module, call.site.node]

    @cached_property
    def _by_site(self) -> dict[tuple[Module, int], list[Call]]:
        found: dict[tuple[Module, int], list[Call]] = {}
        for call in self.trace.calls:
            found.setdefault((call.site.module, call.site.node), []).append(call)
        return found

    # How the user wrote it

    def nodes(self, module: Module) -> Nodes:
        known = self._nodes.get(module)
        if known is None:
            known = self._nodes[module] = Nodes(module.tree)
        return known

    def spelled(self, site: Site) -> str | None:
        """The expression at a site, if it is short enough to quote."""
        return spell(self.nodes(site.module)[site.node])

    def name(self, site: Site) -> str | None:
        """The name that the value made at a site is assigned to."""
        return self.nodes(site.module).bound_name(site.node)


def _leads_away(use: Use) -> bool:
    """Whether a use hands a value to somebody out of view, who may do anything with it."""
    return use.kind in ("returned", "displayed")


def _takes_dataset(call: Call) -> bool:
    if call.op is not None or call.method != "fit":
        return False
    data = call.argument(0, "x")
    return data is not None and kinds.of(data) == "dataset"


def is_forward(call: Call) -> bool:
    """Whether a call runs a model or layer on inputs."""
    return call.op == "forward"


def calls_root(call: Call, root: Value) -> bool:
    """Whether a call runs `root`, a model that may itself be unknown."""
    return any(call.callee is option for option in (root, *alternatives(root)))
