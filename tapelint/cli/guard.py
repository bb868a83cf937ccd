"""The last word of a program that cannot go on: one clear line, a meaningful exit status, never a traceback."""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NoReturn

from tapelint.plugins import BrokenPlugin
from tapelint.run.config import ConfigError
from tapelint.source.discover import MissingPath

ISSUES = "https://github.com/tapelint/tapelint/issues"
FOUND, FAILED, INTERRUPTED = 1, 2, 130


class Refusal(Exception):
    """A wish that cannot be granted; the message says why."""


WISHES = (BrokenPlugin, ConfigError, MissingPath, Refusal)


@contextmanager
def guarded(*, verbose: bool = False) -> Iterator[None]:
    """Ends the program in good order, whatever goes wrong inside."""
    try:
        yield
        sys.stdout.flush()
    except ConfigError as error:
        fail(*error.messages)
    except WISHES as error:
        fail(str(error))
    except KeyboardInterrupt:
        tell("interrupted")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has seen enough; the interpreter must not stumble over it when it says goodbye.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if verbose and not isinstance(error, WISHES):
            traceback.print_exc()
        fail(complaint(error))


@contextmanager
def hushed(*, really: bool) -> Iterator[None]:
    """Lets nothing be printed, if that is really wanted, except by whoever hears of an error in the end."""
    if not really:
        yield
        return
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield


def complaint(error: Exception) -> str:
    """What to tell the user about an error: what is wrong with the wish, or that it is a bug of ours."""
    if isinstance(error, WISHES):
        return str(error)
    return f"tapelint crashed: {type(error).__name__}: {error}; please report it at {ISSUES}"


def fail(*messages: str) -> NoReturn:
    """Tells why, and ends the program."""
    for message in messages:
        tell(f"error: {message}")
    sys.exit(FAILED)


def warn(message: str) -> None:
    """Tells what the user may want to know, though it changes nothing."""
    tell(f"warning: {message}")


def tell(message: str) -> None:
    """Says something on standard error, which is for people even where standard output is for programs."""
    print(message.encode("utf-8", "backslashreplace").decode(), file=sys.stderr)
