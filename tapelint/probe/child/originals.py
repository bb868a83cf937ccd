"""What the variables of a process were before something ran, so that they can be put back."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import tensorflow as tf
from tensorflow.python.ops.resource_variable_ops import BaseResourceVariable, ResourceVariable

from tapelint.probe.child.identities import is_variable, underlying

CHANGING = ("assign", "scatter_", "batch_scatter_")
"""How the methods begin that change a variable in place."""


class Originals:
    """The values that variables had: those named at once, and all others from the moment they are changed.

    What changes inside of a compiled function without any Python running is not noticed; name it before.
    """

    def __init__(self) -> None:
        self._values: dict[int, tuple[Any, Any]] = {}

    def note(self, variables: Iterable[Any]) -> None:
        """Keep the values of these variables, unless they are kept already."""
        with tf.init_scope():
            for variable in variables:
                own = underlying(variable)
                if own is not None and id(own) not in self._values and _has_values(own):
                    self._values[id(own)] = own, tf.identity(own)

    def __iter__(self) -> Iterator[Any]:
        """The variables."""
        return iter([variable for variable, _ in self._values.values()])

    def before(self, variable: Any) -> Any:
        """What a variable held, as an array."""
        own = underlying(variable)
        return (self._values[id(own)][1] if id(own) in self._values else own).numpy()

    def restore(self) -> None:
        """Have everything as it was."""
        # A variable with a copy on each device has these noted as well, the first time that it is assigned to.
        for variable, value in list(self._values.values()):
            variable.assign(value)

    @contextlib.contextmanager
    def again(self) -> Iterator[None]:
        """Have everything as it was, for a while."""
        now = Originals()
        now.note(variable for variable, _ in self._values.values())
        self.restore()
        try:
            yield
        finally:
            now.restore()

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Keep the values of all variables that are about to be changed."""
        patches = [(kind, name) for kind in (BaseResourceVariable, ResourceVariable) for name in _changing(kind)]
        patches.append((tf.random.Generator, "_skip_single_var"))
        with contextlib.ExitStack() as stack:
            for kind, name in patches:
                # Of a generator of random numbers the variable is the first argument.
                stack.enter_context(replaced(kind, name, self._noting(kind is tf.random.Generator)))
            yield

    def _noting(self, is_argument: bool) -> Callable[[Any], Any]:
        def wrap(original: Any) -> Any:
            def change(thing: Any, *arguments: Any, **keywords: Any) -> Any:
                self.note([arguments[0] if is_argument else thing])
                return original(thing, *arguments, **keywords)

            return change

        return wrap


@contextlib.contextmanager
def replaced(owner: Any, name: str, wrap: Callable[[Any], Any]) -> Iterator[None]:
    """Have `wrap(original)` in the place of an attribute, for a while."""
    original = vars(owner)[name]
    setattr(owner, name, wrap(original))
    try:
        yield
    finally:
        setattr(owner, name, original)


def _changing(kind: type[Any]) -> list[str]:
    return [name for name, value in vars(kind).items() if name.startswith(CHANGING) and callable(value)]


def _has_values(variable: Any) -> bool:
    return is_variable(variable) and bool(tf.executing_eagerly()) and bool(variable.is_initialized())
