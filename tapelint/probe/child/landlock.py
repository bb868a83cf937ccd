"""The kernel's own guard: writing only beneath the private directory, no TCP, no signals to other processes.

It has to be put up before the first thread starts, because it holds for the calling thread and what that creates; so it
comes before TensorFlow. Unlike the audit hook it also holds for what C++ does.
"""

import ctypes
import os
import struct
import sys

from tapelint.record import Guard

NAME = "landlock"

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG, PATH_BENEATH = 1, 1
PR_SET_NO_NEW_PRIVS = 38

WRITE_FILE = 1 << 1
REMOVE_AND_MAKE = sum(1 << bit for bit in range(4, 13))
REFER, TRUNCATE = 1 << 13, 1 << 14
BIND_TCP, CONNECT_TCP = 1 << 0, 1 << 1
ABSTRACT_SOCKETS, SIGNALS = 1 << 0, 1 << 1

WRITABLE_DEVICES = ("/dev/null", "/dev/full", "/dev/zero")


class _Refused(OSError):
    """The kernel did not take a step of the confinement."""


def confine(private: str) -> Guard:
    """Confine this thread, and what it starts, to writing beneath `private`, as far as this kernel can."""
    if sys.platform != "linux":
        return Guard(NAME, False, "only Linux has it")
    try:
        version = _call(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION_FLAG)
        _restrict(version, private)
    except _Refused as error:
        return Guard(NAME, False, f"this kernel does not offer it: {error.strerror}")
    network = "no TCP" if version >= 4 else "TCP not covered by this kernel"
    return Guard(NAME, True, f"version {version}: writes only in the private directory, {network}")


def _restrict(version: int, private: str) -> None:
    everywhere = WRITE_FILE | REMOVE_AND_MAKE | (REFER if version >= 2 else 0) | (TRUNCATE if version >= 3 else 0)
    attributes = struct.pack("=Q", everywhere)
    if version >= 4:
        attributes += struct.pack("=Q", BIND_TCP | CONNECT_TCP)
    if version >= 6:
        attributes += struct.pack("=Q", ABSTRACT_SOCKETS | SIGNALS)
    ruleset = _call(CREATE_RULESET, ctypes.c_char_p(attributes), ctypes.c_size_t(len(attributes)), 0)
    try:
        _allow(ruleset, private, everywhere)
        for device in WRITABLE_DEVICES:
            _allow(ruleset, device, everywhere & (WRITE_FILE | TRUNCATE))
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            raise _Refused(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        _call(RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _call(ADD_RULE, ruleset, PATH_BENEATH, ctypes.c_char_p(struct.pack("=Qi", rights, place)), 0)
    finally:
        os.close(place)


def _call(number: int, *arguments: object) -> int:
    result: int = ctypes.CDLL(None, use_errno=True).syscall(number, *arguments)
    if result < 0:
        raise _Refused(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
