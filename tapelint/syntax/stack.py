"""Room for recursion, however deep the caller already is."""

import sys
import threading
from collections.abc import Callable
from typing import TypeVar

_STACK = 128 << 20  # address space only: a page of it becomes memory when it is first used
_FRAMES = 50_000

_Result = TypeVar("_Result")


def with_room(work: Callable[[], _Result]) -> _Result:
    """The result of `work`, run on a thread of its own whose stack holds what generated code needs."""
    results: list[_Result] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as failure:
            failures.append(failure)

    usual_stack, usual_frames = threading.stack_size(_STACK), sys.getrecursionlimit()
    sys.setrecursionlimit(max(usual_frames, _FRAMES))
    try:
        thread = threading.Thread(target=run, name="tapelint-parser", daemon=True)
        thread.start()
        threading.stack_size(usual_stack)
        thread.join()
    finally:
        threading.stack_size(usual_stack)
        sys.setrecursionlimit(usual_frames)
    if failures:
        raise failures[0]
    return results[0]
