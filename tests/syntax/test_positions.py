"""Spans lead to the text that a node was made from."""

import ast
import re
import sysconfig
import warnings
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapelint.source.document import Document
from tapelint.source.span import Position, Span
from tapelint.syntax import tree
from tapelint.syntax.nodes import Nodes, children
from tapelint.syntax.parse import parse
from tapelint.syntax.positions import spans
from tests.syntax.test_lower import SNIPPETS

Place: TypeAlias = tuple[str, Span]

LIBRARY = Path(sysconfig.get_path("stdlib"))


def placed(text: str) -> list[tuple[tree.Node, Span]]:
    """Every node of a text but the module, with its span."""
    document = Document(Path("program.py"), text)
    module = parse(document)
    nodes = Nodes(module)
    numbers = sorted(node.id for node in nodes if node is not module)
    found = spans(document, numbers)
    return [(nodes[number], found[number]) for number in numbers]


def segment(document: Document, span: Span) -> str:
    """The text of a span, cut out line by line."""
    lines = document.lines
    if span.start.line == span.end.line:
        return lines[span.start.line - 1][span.start.column - 1 : span.end.column - 1]
    first, *middle = lines[span.start.line - 1 : span.end.line - 1]
    return "\n".join([first[span.start.column - 1 :], *middle, lines[span.end.line - 1][: span.end.column - 1]])


def texts(text: str, kind: type[tree.Node]) -> list[str]:
    document = Document(Path("program.py"), text)
    return [segment(document, span) for node, span in placed(text) if type(node) is kind]


# What our nodes are called over there, where the extent of a node means the same to both.
KINDS: dict[type, str] = {
    tree.Name: "Name",
    tree.Constant: "Constant",
    tree.FormattedString: "JoinedStr",
    tree.Attribute: "Attribute",
    tree.Subscript: "Subscript",
    tree.Slice: "Slice",
    tree.Call: "Call",
    tree.Binary: "BinOp",
    tree.Unary: "UnaryOp",
    tree.Compare: "Compare",
    tree.Conditional: "IfExp",
    tree.Mapping: "Dict",
    tree.Walrus: "NamedExpr",
    tree.Await: "Await",
    tree.Lambda: "Lambda",
    tree.ExpressionStatement: "Expr",
    tree.AugmentedAssign: "AugAssign",
    tree.Declare: "AnnAssign",
    tree.Raise: "Raise",
    tree.Assert: "Assert",
    tree.Delete: "Delete",
    tree.Import: "Import",
    tree.ImportFrom: "ImportFrom",
    tree.Alias: "alias",
}
COLLECTIONS = {"tuple": "Tuple", "list": "List", "set": "Set"}
COMPREHENSIONS = {"list": "ListComp", "set": "SetComp", "dict": "DictComp"}
THEIR_KINDS = {*KINDS.values(), *COLLECTIONS.values(), *COMPREHENSIONS.values()}
THEIR_KINDS |= {"Assign", "Yield", "YieldFrom", "keyword"}
THEIR_KINDS -= {"Raise"}


def our_places(text: str) -> Iterator[Place]:
    document = Document(Path("program.py"), text)
    module = parse(document)
    found = spans(document, [node.id for node in Nodes(module)])
    pending: list[tree.Node] = [module]
    while pending:
        node = pending.pop()
        if (kind := _their_kind(node)) in THEIR_KINDS:
            yield str(kind), found[node.id]
        # Of f-strings Python 3.11 does not know the insides.
        if not isinstance(node, tree.FormattedString):
            pending.extend(children(node))


def _their_kind(node: tree.Node) -> str | None:
    match node:
        case tree.Collection(kind=kind):
            return COLLECTIONS[kind]
        case tree.Comprehension(kind=kind):
            return COMPREHENSIONS.get(kind)
        case tree.Assign(annotation=annotation):
            return "AnnAssign" if annotation else "Assign"
        case tree.Yield(delegates=delegates):
            return "YieldFrom" if delegates else "Yield"
        case tree.Argument(keyword=keyword, star=star):
            return "keyword" if keyword or star == "**" else None
    return KINDS.get(type(node))


def their_places(text: str) -> Iterator[Place]:
    lines = [line.encode() for line in re.split("\r\n|\r|\n", text)]

    def position(line: int, column: int) -> Position:
        return Position(line, len(lines[line - 1][:column].decode()) + 1)

    pending: list[Any] = [ast.parse(text)]
    while pending:
        node = pending.pop()
        kind = "Assign" if type(node).__name__ == "TypeAlias" else type(node).__name__
        if kind in THEIR_KINDS and getattr(node, "name", "") != "*":
            start, end = position(node.lineno, node.col_offset), position(node.end_lineno, node.end_col_offset)
            yield kind, Span(start, end)
        if isinstance(node, ast.Raise):
            node.cause = None  # which our tree does not have
        if not isinstance(node, ast.JoinedStr | ast.pattern):
            pending.extend(ast.iter_child_nodes(node))


def assert_same_places(text: str) -> None:
    ours, theirs = Counter(our_places(text)), Counter(their_places(text))
    assert sorted(ours - theirs) == []
    assert sorted(theirs - ours) == []


@pytest.mark.parametrize("snippet", [one for one in SNIPPETS if "a[1,]" not in one])
def test_snippets_have_the_places_of_the_standard_library(snippet: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_same_places(snippet)


@pytest.mark.parametrize("file", ["argparse.py", "json/decoder.py", "asyncio/streams.py", "inspect.py"])
def test_real_files_have_the_places_of_the_standard_library(file: str) -> None:
    assert_same_places((LIBRARY / file).read_text(encoding="utf-8"))


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_other_line_ends_change_nothing(newline: str) -> None:
    assert_same_places((LIBRARY / "json" / "scanner.py").read_text(encoding="utf-8").replace("\n", newline))


WORDS = st.sampled_from(["x", "é", "日本", "longer_name", "1", "0x_F", "1.5", "None", "...", "'a'", "'ü😀'", "b'c'"])
LITERALS = st.sampled_from(["'''a\nü\n b'''", "f'ü{x}é'", "f'{x}'", r"r'\d'"])
INFIX = st.sampled_from(["+", "**", "@", "<", "not in", "is not", "==", "//"])
SPACE = st.sampled_from(["", "", " ", "  ", "\t", "\f", "\n", "\n\n\t", " # é) \n", "\\\n", " \\\n\t"])

Tokens: TypeAlias = list[str]


def joined(*parts: str | Tokens) -> Tokens:
    return [token for part in parts for token in ([part] if isinstance(part, str) else part)]


def compound(inner: st.SearchStrategy[Tokens]) -> st.SearchStrategy[Tokens]:
    return st.one_of(
        st.builds(lambda a, op, b: joined("(", a, ")", op, "(", b, ")"), inner, INFIX, inner),
        st.builds(lambda a: joined("(", a, ")", ".", "é"), inner),
        st.builds(lambda a: joined("-", "(", a, ")"), inner),
        st.builds(lambda a, b: joined("f", "(", a, ",", "k", "=", b, ",", "**", "d", ")"), inner, inner),
        st.builds(lambda a, b: joined("f", "(", a, ")", "(", b, ",", ")"), inner, inner),
        st.builds(lambda a, b: joined("x", "[", a, ":", b, ":", "]"), inner, inner),
        st.builds(lambda a, b: joined("x", "[", a, ",", ":", ":", b, "]"), inner, inner),
        st.builds(lambda a, b: joined("(", a, ",", b, ",", ")"), inner, inner),
        st.builds(lambda a, b: joined("[", a, ",", b, "]"), inner, inner),
        st.builds(lambda a, b: joined("{", a, ":", b, ",", "**", "d", "}"), inner, inner),
        st.builds(lambda a, b: joined("[", a, "for", "é", "in", "(", b, ")", "if", "x", "]"), inner, inner),
        st.builds(lambda a, b: joined("(", "(", a, ")", "if", "(", b, ")", "else", "x", ")"), inner, inner),
        st.builds(lambda a: joined("(", "lambda", "é", ":", a, ")"), inner),
        st.builds(lambda a: joined("(", "y", ":=", a, ")"), inner),
        st.just(["(", "'u'", "'ü'", "f'{x}'", ")"]),
    )


EXPRESSIONS = st.recursive(st.builds(lambda word: [word], WORDS | LITERALS), compound, max_leaves=8)
SIMPLE = st.sampled_from(["é =", "x = y =", "x: int =", "x +=", "assert", "return", "", "del x ;", "yield"])
ENDS = st.sampled_from(["", " # é", ";", "\f", " ; pass"])


@st.composite
def programs(draw: st.DrawFn) -> str:
    """A program of a few statements, each with an expression in brackets, in which any space may stand anywhere."""
    lines = ["def f():"]
    indent = draw(st.sampled_from([" ", "\t", "    ", "\t  "]))
    for _ in range(draw(st.integers(1, 3))):
        tokens = joined("(", draw(EXPRESSIONS), ")")
        spaced = "".join(token + _parted(draw(SPACE), token, after) for token, after in pairwise([*tokens, ""]))
        simple = draw(SIMPLE)
        lines.append(indent + simple + (" " if simple else "") + spaced + draw(ENDS))
    text = "\n".join(lines) + draw(st.sampled_from(["", "\n", "\n\n# é"]))
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n", "\r"])))


def _parted(space: str, before: str, after: str) -> str:
    if not after:
        return ""
    wordlike = all(character.isalnum() or character in "_.'" for character in before[-1] + after[0])
    return space or (" " if wordlike else "")


@settings(max_examples=300, deadline=None)
@given(programs())
def test_any_space_and_any_line_end_may_stand_between(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_same_places(text)


@settings(max_examples=100, deadline=None)
@given(programs())
def test_the_text_of_a_span_is_the_source_of_the_node(text: str) -> None:
    document = Document(Path("program.py"), text)
    for node, span in placed(text):
        if isinstance(node, tree.Name):
            assert segment(document, span) == node.name
        assert segment(document, span) == segment(document, span).strip()


HEADERS: list[tuple[str, type[tree.Node], list[str]]] = [
    ("if a : # b\n    c\n", tree.If, ["if a :"]),
    ("if a: b\nelif (c\n  ):\n    d\nelse:\n    e\n", tree.If, ["if a:", "elif (c\n  ):"]),
    ("while a:\n    b\nelse: c\n", tree.While, ["while a:"]),
    ("for a in b , c :\n    d\n", tree.For, ["for a in b , c :"]),
    ("async def f():\n    async for a in b: c\n", tree.For, ["async for a in b:"]),
    ("with a as b, \\\n  c: # d\n    e\n", tree.With, ["with a as b, \\\n  c:"]),
    ("with (a as b, # c:\n  d):\n    e\n", tree.With, ["with (a as b, # c:\n  d):"]),
    ("try : # a\n    b\nexcept c : # d\n    e\nfinally:\n    f\n", tree.Try, ["try :"]),
    ("try: a\nexcept (b,\n  c) as d : e\nexcept: f\n", tree.Handler, ["except (b,\n  c) as d :", "except:"]),
    ("try: a\nexcept* b: c\n", tree.Handler, ["except* b:"]),
    ("@a\n# b\n@c(d)\ndef f(e, # g\n  h): # i\n    j\n", tree.Function, ["def f(e, # g\n  h):"]),
    ("@a\nasync  def f() -> b : c\n", tree.Function, ["async  def f() -> b :"]),
    ("if a:\n    @b\n    class C(d): # e\n        f\n", tree.Class, ["class C(d):"]),
    ("match a, \\\n  b : # c\n  case d if e : # f\n    g\n  case _: h\n", tree.Match, ["match a, \\\n  b :"]),
    ("match a:\n  case (b, # :\n   c) if d : # e\n    f\n", tree.Case, ["case (b, # :\n   c) if d :"]),
]


@pytest.mark.parametrize(("text", "kind", "expected"), HEADERS)
def test_a_statement_with_a_body_is_represented_by_its_header(
    text: str, kind: type[tree.Node], expected: list[str]
) -> None:
    assert sorted(texts(text, kind)) == sorted(expected)


PARTS: list[tuple[str, type[tree.Node], list[str]]] = [
    ("f( a, * b , k = c , ** d )", tree.Argument, ["a", "* b", "k = c", "** d"]),
    ("f(a for a in b)", tree.Comprehension, ["a for a in b"]),
    ("f((a for a in b))", tree.Comprehension, ["(a for a in b)"]),
    ("x = ((a for a in b) )", tree.Comprehension, ["(a for a in b)"]),
    ("x = ( ( (a, b), ) )", tree.Collection, ["( (a, b), )", "(a, b)"]),
    ("x[a, b ,]", tree.Collection, ["a, b"]),
    ("x[ * a ]", tree.Starred, ["* a"]),
    ("a, * b = [ * c , d ]", tree.Starred, ["* b", "* c"]),
    ("[a # b\n for a in (c) # d\n if (e) # f\n for g in h]", tree.Clause, ["for a in (c) # d\n if (e)", "for g in h"]),
    ("def f(a , b : int, c = (1) , *d : e): f", tree.Parameter, ["a", "b : int", "c = (1)", "*d : e"]),
    ("def f(*, g : h = i # j\n , ** k): l", tree.Parameter, ["g : h = i", "** k"]),
    ("with (a() as (b) , # c\n d): e", tree.WithItem, ["a() as (b)", "d"]),
    ("from a import ( b , # c\n  d as e , )", tree.Alias, ["b", "d as e"]),
    ("x = (a and b # c\n and d)", tree.Boolean, ["a and b # c\n and d", "a and b"]),
    ("x[a : # b\n ]", tree.Slice, ["a :"]),
    ("x[: : # b\n ]", tree.Slice, [": :"]),
    ("x[a # :\n : b # :\n : # c\n ]", tree.Slice, ["a # :\n : b # :\n :"]),
    ("f'{a + b:{c}}'", tree.Name, ["a", "b", "c"]),
    ("global a , b ; x", tree.ScopeDeclaration, ["global a , b"]),
    ("while a: pass ; break ; continue # b", tree.Jump, ["pass", "break", "continue"]),
    ("def f(): return a, b # c", tree.Return, ["return a, b"]),
    ("raise a from b # c", tree.Raise, ["raise a from b"]),
    ("lambda: a", tree.Function, ["lambda: a"]),
]


@pytest.mark.parametrize(("text", "kind", "expected"), PARTS)
def test_a_part_has_no_space_and_no_comma_around_it(text: str, kind: type[tree.Node], expected: list[str]) -> None:
    assert sorted(texts(text, kind)) == sorted(expected)


def test_a_byte_order_mark_takes_a_column() -> None:
    (name,) = (span for node, span in placed("\ufeffé = 1\n") if isinstance(node, tree.Name))
    assert name == Span(Position(1, 2), Position(1, 3))


def test_a_module_stands_at_the_beginning() -> None:
    assert spans(Document(Path("program.py"), "\n\n# a\nb\n"), [0]) == {0: Span(Position(1, 1), Position(1, 1))}


def test_only_what_is_asked_for_is_answered() -> None:
    document = Document(Path("program.py"), "a = b\nc = d\n")
    assert spans(document, []) == {}
    assert set(spans(document, [2, 3])) == {2, 3}


def test_a_change_of_the_text_is_noticed() -> None:
    before, after = (Document(Path("program.py"), text) for text in ("a = b\n", "\n\na = b\n"))
    parse(before)
    assert spans(after, [1])[1].start.line == 3
