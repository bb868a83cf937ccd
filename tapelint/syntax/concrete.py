"""LibCST's tree of a text and, made from it in one go, the compact tree."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import libcst as cst
from libcst import CSTNode

from tapelint.syntax import tree
from tapelint.syntax.lower import IllegalLiteral, Misplaced, Origin, TooDeep, lower
from tapelint.syntax.stack import with_room

Suites: TypeAlias = Sequence[tuple[str, tree.Unread | None]]


class Refused(ValueError):
    """A text that LibCST or the lowering does not take; the message is theirs."""


@dataclass(frozen=True, slots=True)
class Concrete:
    """A module in both forms. `origins` says what each node was made from, in the order of their ids."""

    text: str
    concrete: cst.Module
    compact: tree.Module
    origins: list[Origin]

    def origin(self, number: int) -> Origin:
        """What the node of this id was made from."""
        return self.origins[number - self.compact.id]


def read(text: str, first: int = 0, suites: Suites | None = None) -> Concrete:
    """Both trees of `text`, with ids from `first`; `suites` is for `lower`. Raises Refused."""
    try:
        return with_room(lambda: _read(text, first, suites))
    except cst.ParserSyntaxError as error:
        raise Refused(error.message) from None
    except (IllegalLiteral, Misplaced, TooDeep, UnicodeError, RecursionError) as error:
        raise Refused(str(error)) from None
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # LibCST's native parser gave up; it is no Exception
            raise Refused("tapelint's parser failed on this text") from None
        raise


def _read(text: str, first: int, suites: Suites | None) -> Concrete:
    try:
        concrete = cst.parse_module(text)
    except (cst.CSTValidationError, TypeError):
        with _unchecked():
            concrete = cst.parse_module(text)
    compact, origins = lower(concrete, first, suites)
    return Concrete(text, concrete, compact, origins)


@contextmanager
def _unchecked() -> Iterator[None]:
    """A time in which LibCST makes nodes without checking them.

    Its grammar takes no wrong text; its checks are there for trees that people build. But some of them refuse what is
    right, like `(a if b else c)if d else e`, and one fails on `[a for b in(lambda: c)if d]`.
    """
    check = CSTNode.__post_init__
    CSTNode.__post_init__ = _accept  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        CSTNode.__post_init__ = check  # type: ignore[method-assign]


def _accept(_: CSTNode) -> None:
    pass
