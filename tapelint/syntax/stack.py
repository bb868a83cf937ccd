"""Room for recursion, however deep the caller already is."""

import os
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

_STACK = 128 << 20  # address space only: a page of it becomes memory when it is first used
_FRAMES = 50_000

_Result = TypeVar("_Result")


class _Room:
    """A thread with a stack that holds what generated code needs, for one piece of work after the other."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self._work: SimpleQueue[Callable[[], Any]] = SimpleQueue()
        self._done: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        usual = threading.stack_size(_STACK)
        threading.Thread(target=self._serve, name="tapelint-parser", daemon=True).start()
        threading.stack_size(usual)

    def do(self, work: Callable[[], _Result]) -> _Result:
        self._work.put(work)
        result: _Result
        result, failure = self._done.get()
        if failure is not None:
            raise failure
        return result

    def _serve(self) -> None:
        while True:
            try:
                self._done.put((self._work.get()(), None))
            except BaseException as failure:
                self._done.put((None, failure))


_rooms = threading.local()


def with_room(work: Callable[[], _Result]) -> _Result:
    """The result of `work`, run on a thread whose stack holds what generated code needs."""
    room: _Room | None = getattr(_rooms, "room", None)
    if room is None or room.process != os.getpid():  # a fork leaves threads behind
        room = _rooms.room = _Room()
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(max(usual, _FRAMES))
    try:
        return room.do(work)
    except KeyboardInterrupt:
        # The work may still be going on, and nobody waits for its result.
        _rooms.room = None
        raise
    finally:
        sys.setrecursionlimit(usual)
