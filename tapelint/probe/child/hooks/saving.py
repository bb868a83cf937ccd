"""Saving models: what would land outside of the private directory is left out, and said so.

What TensorFlow's own file system is denied by the kernel is put on record here too, because no audit hook sees it.
"""

import functools
import os
import re
from typing import Any

import keras
import tensorflow as tf

from tapelint.probe.child.witness import Witness, patch

SAVERS: tuple[tuple[Any, str, int], ...] = (
    (keras.Model, "save", 1),
    (keras.Model, "save_weights", 1),
    (keras.Model, "export", 1),
    (keras.saving, "save_model", 1),
    (keras.saving, "save_weights", 1),
    (tf.keras.models, "save_model", 1),
    (tf.saved_model, "save", 1),
    (tf.train.Checkpoint, "save", 1),
    (tf.train.Checkpoint, "write", 1),
)
"""The functions that save, with the position of the path."""


def install(witness: Witness) -> None:
    """Put the wrappers in place."""
    for owner, name, position in SAVERS:
        if hasattr(owner, name):
            patch(owner, name, functools.partial(_saving, witness, position))
    patch(tf.errors.PermissionDeniedError, "__init__", lambda original: _refusing(witness, original))
    patch(tf.summary, "create_file_writer", lambda original: _writing(witness, original))


def outside(witness: Witness, path: str) -> bool:
    """Whether this path is none that the program may write to."""
    real = os.path.realpath(path)
    return not real.startswith(witness.plan.private + os.sep)


def _saving(witness: Witness, position: int, original: Any) -> Any:
    def save(*arguments: Any, **keywords: Any) -> Any:
        values = [*arguments[position : position + 1], *(keywords.get(name) for name in ("filepath", "export_dir"))]
        for value in values:
            if isinstance(value, str | os.PathLike) and outside(witness, os.fspath(value)):
                witness.replace(f"saving to {os.fspath(value)}", "nothing, because it lies outside")
                return None
        return original(*arguments, **keywords)

    return save


def _refusing(witness: Witness, original: Any) -> Any:
    def refuse(error: Any, node: Any, operation: Any, message: Any, *arguments: Any) -> None:
        original(error, node, operation, message, *arguments)
        path = re.search(r"(\S+); ", str(message))
        witness.deny("write outside, by TensorFlow", path[1] if path else str(message)[:200])

    return refuse


def _writing(witness: Witness, original: Any) -> Any:
    def create_file_writer(logdir: Any, *arguments: Any, **keywords: Any) -> Any:
        if isinstance(logdir, str | os.PathLike) and outside(witness, os.fspath(logdir)):
            witness.replace(f"a summary writer to {os.fspath(logdir)}", "one that writes nowhere")
            return tf.summary.create_noop_writer()
        return original(logdir, *arguments, **keywords)

    return create_file_writer
