"""The process that children are forked from: imports what they need, does nothing with it, and forks on demand."""

import contextlib
import dataclasses
import gc
import importlib
import os
import socket
import time
import warnings
from typing import NoReturn

from tapelint.probe.child import limits, main
from tapelint.probe.plan import Plan

LONGEST_PLAN = 1 << 20
LONGEST_ORDER = 16


def serve(link: int, parent: int) -> None:
    """Fork a child for each plan that comes, one after the other, until there is nobody left to send any."""
    limits.end_with(parent)
    began = time.monotonic()
    _import_ahead()
    imported = time.monotonic() - began
    nothing = os.open(os.devnull, os.O_RDWR)
    for output in (1, 2):  # They were the first child's, and are to end with it.
        os.dup2(nothing, output)
    with socket.socket(fileno=link) as orders:
        while True:
            text, descriptors, _, _ = socket.recv_fds(orders, LONGEST_PLAN, 3)
            if not text:
                return
            plan = dataclasses.replace(
                Plan.decode(text.decode()), journal=descriptors[0], parent=os.getpid(), imported=imported
            )
            imported = 0.0  # The first child has told it.
            child = _forked()
            if child == 0:
                orders.close()
                _live(plan, (nothing, *descriptors[1:]))
            for descriptor in descriptors:
                os.close(descriptor)
            _see_off(child, orders)


def _see_off(child: int, orders: socket.socket) -> None:
    """Tell the child's number, then how it ended; and keep its number from being given to another until told to."""
    orders.send(str(child).encode())
    end = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert end is not None
    orders.send(f"ended {end.si_status if end.si_code == os.CLD_EXITED else -end.si_status}".encode())
    orders.recv(LONGEST_ORDER)
    os.waitpid(child, 0)


def _import_ahead() -> None:
    """Import what every child does. What cannot be imported, the child tries again, and says why."""
    with contextlib.suppress(Exception):
        for name in ("tensorflow", "keras", *(f"{main.HOOK_FOLDER}.{hook}" for hook in main.HOOKS)):
            importlib.import_module(name)
    gc.freeze()  # The children's collections need not touch, and so copy, what is there already.


def _forked() -> int:
    with warnings.catch_warnings():
        # Of threads: those of the libraries' have their own way of surviving a fork, and TensorFlow's have not begun.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _live(plan: Plan, standard: tuple[int, ...]) -> NoReturn:
    """Be the child: with a group and outputs of its own, and then as if it were an interpreter of its own."""
    try:
        os.setsid()
        for number, descriptor in enumerate(standard):
            os.dup2(descriptor, number)
        for descriptor in standard:
            os.close(descriptor)
        main.main(plan)
    finally:
        os._exit(1)
