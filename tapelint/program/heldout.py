"""Held-out data: what a split, a library or the author's own word sets aside for validation or test."""

from __future__ import annotations

import re

from tapelint.program.knowledge import table
from tapelint.program.labels import SPLITTING
from tapelint.program.pipelines import dataset_behind, pipeline_of
from tapelint.program.rows import origins
from tapelint.program.trace import Call
from tapelint.program.values import Attribute, Constant, Item, Parameter, Result, Value

_WORDS = frozenset({"val", "valid", "validation", "test", "testing", "eval", "evaluation", "holdout"})
_TRAINING = frozenset({"train", "training"})
_WORD = re.compile(r"[a-z]+|[A-Z][a-z]*|[A-Z]+(?![a-z])")
_FOLDERS = ("_dataset_from_directory", ".flow_from_directory")


def is_held_out(data: Value) -> bool:
    """Whether data surely is what was set aside: all of it comes from the part of a split that is not for training."""
    pipeline = pipeline_of(data)
    if pipeline is None:
        return any(map(_is_set_aside, origins(dataset_behind(data))))
    arrays = pipeline.arrays
    if arrays is None:
        return _is_set_aside(pipeline.source.result)
    return bool(arrays) and all(any(map(_is_set_aside, origins(array))) for array in arrays)


def _is_set_aside(value: Value) -> bool:
    match value:
        case Item(of=Result(call=call), index=Constant(value=int() as part)):
            if call.op == SPLITTING:
                return part % 2 == 1
            return part == 1 and call.op in table("tensors")["sizes"]
        case Item(of=Item() as of):
            return _is_set_aside(of)
        case Result(call=call):
            return _names_the_part(call)
        case Parameter(name=name) | Attribute(name=name):
            return is_name_of_held_out(name)
    return False


def _names_the_part(call: Call) -> bool:
    """Whether a loader is asked for the part that is not for training."""
    op = call.op or ""
    if op.startswith("tensorflow_datasets."):
        return _says_so(call.argument(1, "split"))
    if op.endswith(_FOLDERS):
        return _says_so(call.argument(None, "subset")) or _says_so(call.argument(0, "directory"))
    return False


def _says_so(given: Value | None) -> bool:
    if not isinstance(given, Constant) or not isinstance(given.value, str):
        return False
    return is_name_of_held_out(re.split(r"[/\\]", given.value.rstrip("/\\"))[-1])


def is_name_of_held_out(name: str) -> bool:
    """Whether a name speaks of validation or test, and not of training: where nothing else tells what data is."""
    words = {word.lower() for word in _WORD.findall(name)}
    return bool(words & _WORDS) and not words & _TRAINING
