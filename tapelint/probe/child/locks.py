"""Locks for programs that use `multiprocessing` with threads only, as TensorFlow's and Keras' thread pools do.

Those of `multiprocessing` are files in a directory that all processes of the machine share, where the child may not
write. It has no other processes to share them with, so the locks of `threading` do the same for it.
"""

import threading
from multiprocessing.context import BaseContext
from typing import Any

KINDS = ("Lock", "RLock", "Condition", "Semaphore", "BoundedSemaphore", "Event", "Barrier")


def install() -> None:
    """Put the locks in place."""
    for name in KINDS:
        setattr(BaseContext, name, _maker(getattr(threading, name)))


def _maker(kind: Any) -> Any:
    def make(_: BaseContext, *arguments: Any, **keywords: Any) -> Any:
        return kind(*arguments, **keywords)

    return make
