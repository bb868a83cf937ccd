"""Lowering agrees with the standard library's `ast`, for every kind of node and for real files."""

import ast
import sysconfig
import warnings
from pathlib import Path

import pytest

from tapelint.source.document import Document
from tapelint.syntax import tree
from tapelint.syntax.nodes import Nodes, children
from tapelint.syntax.parse import Unparsable, parse
from tests.syntax.canonical import ours, theirs

LIBRARY = Path(sysconfig.get_path("stdlib"))
FILES = sorted(
    file
    for pattern in (
        "asyncio/*.py",
        "email/*.py",
        "json/*.py",
        "unittest/*.py",
        "argparse.py",
        "inspect.py",
        "typing.py",
    )
    for file in LIBRARY.glob(pattern)
)

SNIPPETS = (Path(__file__).parent / "snippets.txt").read_text(encoding="utf-8").split("\n\n")


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_each_kind_of_node_is_what_the_standard_library_says(snippet: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = theirs(ast.parse(snippet))
    assert ours(parse(Document(Path("snippet.py"), snippet))) == expected


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_real_files_are_what_the_standard_library_says(file: Path) -> None:
    document = Document.decode(file, file.read_bytes())
    assert ours(parse(document)) == theirs(ast.parse(document.text))


def body(text: str) -> list[tree.Statement]:
    return parse(Document(Path("snippet.py"), text)).body


def test_ids_are_different_and_the_same_every_time() -> None:
    text = (LIBRARY / "json" / "decoder.py").read_text(encoding="utf-8")
    module, again = (parse(Document(Path("decoder.py"), text)) for _ in range(2))
    ids = _ids(module)
    assert len(set(ids)) == len(ids)
    assert ids == _ids(again)
    assert module is not again


def _ids(module: tree.Module) -> list[int]:
    ids: list[int] = []
    pending: list[tree.Node] = [module]
    while pending:
        node = pending.pop()
        ids.append(node.id)
        pending.extend(children(node))
    return ids


def test_every_node_has_its_parent() -> None:
    module = parse(Document(Path("snippet.py"), "def f():\n    return g(x)\n"))
    nodes = Nodes(module)
    (x,) = (node.id for node in nodes if isinstance(node, tree.Name) and node.name == "x")
    parents = [type(parent).__name__ for parent in nodes.parents(x)]
    assert parents == ["Argument", "Call", "Return", "Function", "Module"]


def test_names_are_compared_as_python_compares_them() -> None:
    statement = body("ﬁt = 1")[0]
    assert isinstance(statement, tree.Assign)
    assert [target.name for target in statement.targets if isinstance(target, tree.Name)] == ["fit"]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_string_over_several_lines_has_newlines_in_it(newline: str) -> None:
    statement = body(f"'''a{newline}b'''{newline}")[0]
    assert ours(statement) == ("expression", ("constant", "str", repr("a\nb")))


NEWER = {
    "type A = int": "A = int",
    "type A[T] = list[T]": "A = list[T]",
    "def f[T](x: T) -> T: return x": "def f(x: T) -> T: return x",
    "def f[T: int, *Ts, **P](x): pass": "def f(x): pass",
    "def f[T = int](x): pass": "def f(x): pass",
    "class A[T](B): pass": "class A(B): pass",
    "f'{a['b']}'": "f'{a[\"b\"]}'",
}


@pytest.mark.parametrize("text", NEWER)
def test_syntax_that_is_newer_than_python_3_11_is_read(text: str) -> None:
    assert ours(parse(Document(Path("new.py"), text))) == theirs(ast.parse(NEWER[text]))


def test_an_f_string_may_hold_the_quotes_it_stands_in() -> None:
    assert ours(body("f'{f'{f'{a}'}'}'")[0]) == (
        "expression",
        ("f-string", (("f-string", (("f-string", (("name", "a"),)),)),)),
    )


def test_exceptions_without_brackets_are_read() -> None:
    assert ours(body("try: a\nexcept b, c: d")[0]) == ours(body("try: a\nexcept (b, c): d")[0])


def test_a_template_string_is_read_like_an_f_string() -> None:
    assert ours(body("t'{a}{b:{c}}'")[0]) == ours(body("f'{a}{b:{c}}'")[0])


@pytest.mark.parametrize("literal", [r"'\x1'", r"'\N{no such character}'", "b'é'", r"b'é\n'", "'a' b'b'", "1" * 5000])
def test_a_literal_that_python_refuses_is_refused(literal: str) -> None:
    with pytest.raises(Unparsable):
        body(f"a = {literal}")
