"""The models of the program: how large they are, which losses they add, and what they hold beside their weights."""

import dataclasses
from typing import Any

import keras

from tapelint.probe.child.identities import is_variable, underlying
from tapelint.probe.child.witness import Witness
from tapelint.record import Model

MOST_LOOKS = 3
"""How often a model is looked through: it may be without weights at first."""


class Models:
    """The models, by their identity."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._known: dict[int, Model] = {}
        self._looks: dict[int, int] = {}
        self._asked: dict[int, int] = {}
        self._looking = False

    def asking(self, original: Any) -> Any:
        """A wrapper for what gives the losses that the layers of a model add."""

        def losses(model: Any) -> Any:
            if not self._looking and not self._witness.quiet and isinstance(model, keras.Model):
                with self._witness.attention():
                    key = self._witness.identities.number(model)
                    self._asked[key] = self._asked.get(key, 0) + 1
                    self._grow(key)
            result = original(model)
            if not self._looking and not self._witness.quiet:
                with self._witness.attention():
                    self._witness.follower.penalized(result)
            return result

        return losses

    def seen(self, model: Any) -> None:
        """The program uses a model."""
        if not isinstance(model, keras.Model):
            return
        witness = self._witness
        key = witness.identities.number(model)
        self._looks[key] = looks = self._looks.get(key, 0) + 1
        if looks <= MOST_LOOKS:
            self._looking = True
            try:
                self._known[key] = self._looked_at(key, model)
            finally:
                self._looking = False
            self._grow(key)

    def _grow(self, key: int) -> None:
        if key in self._known:
            self._witness.scribe.grow("models", self._known[key].number, lambda: self._entry(key))

    def _entry(self, key: int) -> Model:
        return dataclasses.replace(self._known[key], penalties_read=self._asked.get(key, 0))

    def _looked_at(self, key: int, model: Any) -> Model:
        witness = self._witness
        known = self._known.get(key)
        return Model(
            number=known.number if known is not None else witness.scribe.number("models"),
            where=witness.origins.get(key),
            model=key,
            name=str(model.name),
            kind=type(model).__name__,
            trainable=len(model.trainable_variables),
            variables=len(model.variables),
            penalties=len(model.losses),
            penalties_read=0,
            untracked=tuple(_untracked(model)),
        )


def _untracked(model: Any) -> list[str]:
    weights = {id(underlying(variable)) for variable in model.variables}
    return [
        f"{layer.name}.{name}"
        for layer in model._flatten_layers(include_self=True, recursive=True)
        for name, value in list(vars(layer).items())
        if is_variable(value) and not isinstance(value, keras.Variable) and id(value) not in weights
    ]
