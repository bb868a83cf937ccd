"""What kind of training object a value is: tape, model, optimizer, pipeline …"""

from __future__ import annotations

from tapelint.program.knowledge import base_class, class_kind, returned_kind
from tapelint.program.values import Class, Constant, Instance, Item, Library, Result, Value, alternatives, is_none

# Functions that return several datasets at once, or one, as their arguments say.
_LOADING_SEVERAL = frozenset(
    {"keras.utils.image_dataset_from_directory", "keras.utils.text_dataset_from_directory",
     "keras.utils.audio_dataset_from_directory", "keras.utils.split_dataset", "tensorflow_datasets.load"}
)  # fmt: skip


def of(value: Value) -> str | None:
    """The kind of `value`; None when it is no training object or its alternatives differ."""
    match value:
        case Instance(cls=Library(name=name)):
            return class_kind(name)
        case Instance(cls=Class() as cls):
            return of_class(cls)
        case Result(call=call):
            return returned_kind(call.op) if call.op else None
        case Item() if _is_one_of_several(value):
            return "dataset"
    options = [option for option in alternatives(value) if not is_none(option)]
    if len(options) > 1 or (options and options[0] is not value):
        found = {of(option) for option in options}
        if len(found) == 1:
            return found.pop()
    return None


def _is_one_of_several(value: Value) -> bool:
    """Whether `value` is a dataset out of the tuple or dict of them that one call has returned."""
    while isinstance(value, Item) and isinstance(value.index, Constant):
        value = value.of
    return isinstance(value, Result) and value.call.op in _LOADING_SEVERAL


def of_class(cls: Class) -> str | None:
    """The kind that the objects of a project's class inherit from a library class."""
    for base in ancestors(cls):
        if isinstance(base, Library):
            kind = class_kind(base.name)
            if kind is not None:
                return kind
    return None


def ancestors(cls: Class) -> list[Value]:
    """`cls` and its bases, nearest first. (Depth first: close enough to Python's order for single inheritance.)"""
    found: list[Value] = []
    pending: list[Value] = [cls]
    while pending:
        one = pending.pop(0)
        if any(one is other for other in found):
            continue
        found.append(one)
        if isinstance(one, Class):
            pending = [*[option for base in one.bases for option in alternatives(base)], *pending]
    return found


def own_attribute(cls: Class, name: str) -> Value | None:
    """What `cls`, or the nearest base of the project that has it, defines under a name."""
    for one in ancestors(cls):
        if isinstance(one, Class) and name in one.attributes:
            return one.attributes[name]
    return None


def is_made_in_view(cls: Class) -> bool:
    """Whether it is known what becomes of the arguments of a constructor: it is the project's, or sets fields."""
    return own_attribute(cls, "__init__") is not None or all(isinstance(one, Class) for one in ancestors(cls))


def method(kind: str | None, name: str) -> str | None:
    """The operation that calling the method `name` of an object of `kind` is."""
    return f"{base_class(kind)}.{name}" if kind is not None else None
