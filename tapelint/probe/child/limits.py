"""The limits of the operating system on the child: memory, file size, no core dumps, no life after the parent."""

import ctypes
import os
import signal
import sys

from tapelint.record import Guard

LARGEST_FILE = 1 << 30
PR_SET_PDEATHSIG = 1


def apply(memory: int, parent: int) -> list[Guard]:
    """Put the limits on this process, which `parent` has started. The guards say which of them are in force."""
    return [_memory(memory), _files(), end_with(parent)]


def _memory(limit: int) -> Guard:
    try:
        import resource

        # RLIMIT_DATA counts what may be written to. RLIMIT_AS would also count the gigabytes that are only reserved.
        limit = _capped(limit, resource.getrlimit(resource.RLIMIT_DATA)[1])
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    except (ImportError, OSError, ValueError) as error:
        return Guard("memory limit", False, str(error))
    if sys.platform != "linux":
        return Guard("memory limit", False, "this system does not count mapped memory")
    return Guard("memory limit", True, f"{limit / 2**30:g} GiB")


def _files() -> Guard:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        largest = _capped(LARGEST_FILE, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    except (ImportError, OSError, ValueError) as error:
        return Guard("file size limit", False, str(error))
    return Guard("file size limit", True, f"{largest / 2**30:g} GiB")


def _capped(limit: int, most: int) -> int:
    """The limit, or that which is there already, if it is lower; infinity is negative."""
    return limit if most < 0 else min(limit, most)


def end_with(parent: int) -> Guard:
    """Have the kernel kill this process when `parent`, which has started it, is gone."""
    if sys.platform != "linux":
        return Guard("ends with its parent", False, "only Linux offers this")
    if ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        return Guard("ends with its parent", False, os.strerror(ctypes.get_errno()))
    if os.getppid() != parent:  # It has died already.
        os.kill(os.getpid(), signal.SIGKILL)
    return Guard("ends with its parent", True, "the kernel kills the child when the parent is gone")
