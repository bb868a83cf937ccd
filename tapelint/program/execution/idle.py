"""Which files need not be executed for their own sake, told from their words: they define, and train nothing."""

from __future__ import annotations

import builtins
import re

from tapelint.program.execution.words import TRAINING, makes_weights, words_in
from tapelint.program.knowledge import table
from tapelint.program.project import FOREIGN
from tapelint.syntax.outline import without_text

# A line that imports, binds a name or goes on with a line that does.
_INERT = r"(?:(?:import|from)\b|[@)\]}\"]|(?:pass|raise)\b|[\w., \t]+(?::[^=\n]*)?=(?!=))"
# A statement at the left margin that does more than to define: an import may be tried, or made for type checkers.
_ACTION = re.compile(
    rf"^(?!(?:def|class|async[ \t]+def)\b|\s|{_INERT}"
    rf"|(?:try|else|finally|except\b[^\n]*):[ \t]*\n(?:[ \t]+{_INERT}[^\n]*\n|[ \t]*\n)*(?=\S|\Z)"
    r"|if[ \t]+(?:typing\.)?TYPE_CHECKING\b)\S",
    re.MULTILINE,
)
# A call to the right of an assignment at the left margin, by the first name in it.
_ASSIGNED_CALL = re.compile(r"^\w[\w., \t]*(?::[^=\n]*)?=(?!=)(?P<right>[^\n]*\([^\n]*)$", re.MULTILINE)
_CALLED = re.compile(r"(?<![\w.])([^\W\d]\w*)[\w.]*[ \t]*\(")
_IMPORTED = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<source>[\w.]+)[ \t]+)?import[ \t]+(?P<names>\([^)]*\)|[^\n]+)", re.MULTILINE
)
# Names that Keras has no more, as far as they are unmistakable: whoever only defines something may use them as well.
_REMOVED = re.compile(
    r"\b(?:"
    + "|".join(
        sorted(
            {
                last
                for row in table("migration")["name"]
                for last in (name.rpartition(".")[2] for name in row["names"])
                if "only" not in row and (last.lower() != last or "_" in last)
            }
        )
    )
    + r")\b"
)
_ALIAS = re.compile(r"([\w.]+)(?:[ \t]+as[ \t]+(\w+))?")


def is_idle(text: str, telling: frozenset[str] = frozenset()) -> bool:
    """Whether executing this file alone can show nothing: others may still use what it defines.

    `telling` are names and attributes that mean training in this project. In doubt, no.
    """
    bare = without_text(text)
    if not (TRAINING | telling).isdisjoint(words_in(bare)) or _ACTION.search(bare):
        return False
    if makes_weights(bare) or ("keras" in bare and _REMOVED.search(bare)):
        return False
    bound = _imported(bare)
    used = set(words_in(_IMPORTED.sub("", bare)))
    if bound is None or (used & table("names")["imports"].keys()) - bound.keys():
        return False
    called = {name for each in _ASSIGNED_CALL.finditer(bare) for name in _CALLED.findall(each["right"])}
    foreign = {name for name, root in bound.items() if root in FOREIGN}
    return called <= foreign | _BUILTINS


_BUILTINS = frozenset(dir(builtins))


def _imported(bare: str) -> dict[str, str] | None:
    """The names that a file imports, each with the outermost package it comes from; None if not all can be told."""
    found: dict[str, str] = {}
    for statement in _IMPORTED.finditer(bare):
        source, names = statement["source"], statement["names"].strip("()")
        if "*" in names:
            return None
        for name, alias in _ALIAS.findall(names):
            found[alias or name.partition(".")[0]] = (source or name).partition(".")[0]
    return found
