"""The names that a block binds are those that Python's own compiler finds."""

import symtable
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapelint.source.document import Document
from tapelint.syntax import tree
from tapelint.syntax.nodes import children
from tapelint.syntax.parse import parse
from tapelint.syntax.scopes import bound_names, names_of

LIBRARY = Path(sysconfig.get_path("stdlib"))


def block(text: str) -> list[tree.Statement]:
    return parse(Document(Path("program.py"), text)).body


BINDING = {
    "a = b = 1": "a b",
    "a, (b, *c), [d] = e": "a b c d",
    "a.b = c[d] = e": "",
    "a: int": "a",
    "a: int = b": "a",
    "a.b: int = c": "",
    "a += b": "a",
    "a[b] += c": "",
    "del a, (b, c), d.e, f[g]": "a b c",
    "import a, b.c, d.e as f": "a b f",
    "from a import b, c as d": "b d",
    "from a import *": "",
    "def f(a): b = 1": "f",
    "async def f(): a = 1": "f",
    "class C: a = 1": "C",
    "for a, b in c: d = e": "a b d",
    "for a in b: pass\nelse: c = d": "a c",
    "while a:\n    b = 1\nelse:\n    c = 1": "b c",
    "if a: b = 1\nelif c: d = 1\nelse: e = 1": "b d e",
    "with a as b, c as (d, e), f: g = h": "b d e g",
    "with a as b.c: pass": "",
    "try: a = 1\nexcept b as c: d = 1\nexcept e: f = 1\nelse: g = 1\nfinally: h = 1": "a c d f g h",
    "match a:\n    case [b, *c] | {'d': b, **c}: e = 1\n    case F(g, h=i) as j if (k := 1): pass": "b c e g i j k",
    "match a:\n    case b.c | 1 | None | _: pass": "",
    "f(a := 1, [b := 2, lambda: (c := 3)])": "a b",
    "[a for b in c if (d := b)]": "d",
    "{a: (b := c) for d in e for f in (g for h in i)}": "b",
    "lambda a: (b := a)": "",
    "lambda a=(b := 1): a": "b",
    "def f(a=(b := 1), *, c: (d := 2) = 3) -> (e := 4): pass": "b d e f",
    "@(a := b)\ndef f(): pass": "a f",
    "@(a := b)\nclass C((d := e), f=(g := h)): i = 1": "C a d g",
    "global a\na = 1": "a",
    "x = f'{(a := 1)!r:{(b := 2)}}'": "a b x",
    "return (yield (a := 1))": "a",
    "assert (a := 1), (b := 2)": "a b",
    "raise (a := b)": "a",
    "x[(a := 1):(b := 2)]": "a b",
    "type A[T] = list[T]": "A",
    "def f[T](a: T): pass": "f",
    "a; b.c; d(e)": "",
}


@pytest.mark.parametrize("text", BINDING)
def test_what_binds_a_name(text: str) -> None:
    assert bound_names(block(text)) == set(BINDING[text].split())


def test_what_is_declared() -> None:
    (outer,) = block(
        "def f():\n    global a, b\n    if c:\n        nonlocal d\n"
        "    def g():\n        global e\n    class C:\n        global h\n"
    )
    assert isinstance(outer, tree.Function)
    assert names_of(outer).globals == {"a", "b"}
    assert names_of(outer).nonlocals == {"d"}


def functions(nodes: list[tree.Statement]) -> Iterator[tree.Function]:
    pending: list[tree.Node] = list(nodes)
    while pending:
        node = pending.pop()
        pending.extend(children(node))
        if isinstance(node, tree.Function) and node.name != "<lambda>":
            yield node


COMPREHENSIONS = {"lambda", "listcomp", "setcomp", "dictcomp", "genexpr"}


def scopes(table: symtable.SymbolTable) -> Iterator[symtable.Function]:
    for inner in table.get_children():
        name = inner.get_name()
        if isinstance(inner, symtable.Function) and name.isidentifier() and name not in COMPREHENSIONS:
            yield inner
        yield from scopes(inner)


@pytest.mark.parametrize("file", ["argparse.py", "typing.py", "inspect.py", "asyncio/tasks.py", "unittest/mock.py"])
def test_the_locals_of_real_functions_are_those_the_compiler_finds(file: str) -> None:
    text = (LIBRARY / file).read_text(encoding="utf-8")
    ours = sorted((one.name, sorted(_locals(one))) for one in functions(block(text)))
    theirs = sorted((one.get_name(), sorted(one.get_locals())) for one in scopes(symtable.symtable(text, file, "exec")))
    if sys.version_info >= (3, 12):  # whose compiler counts what comprehensions bind among the locals around them
        assert [name for name, _ in ours] == [name for name, _ in theirs]
        assert all(set(mine) <= set(other) for (_, mine), (_, other) in zip(ours, theirs, strict=True))
    else:
        assert ours == theirs


def _locals(function: tree.Function) -> set[str]:
    elsewhere = names_of(function).globals | names_of(function).nonlocals
    return {parameter.name for parameter in function.parameters} | (bound_names(function.body) - elsewhere)
