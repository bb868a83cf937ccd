"""Repairs fit the text: brackets, commas, comments, indentation and line ends stay as the user has them."""

from pathlib import Path

import pytest

from tapelint.checks import surgery
from tapelint.checks.repairs import (
    Change,
    Decorate,
    Insert,
    Move,
    MoveLink,
    Remove,
    RemoveArgument,
    RemoveLink,
    Repair,
    Replace,
    SetArgument,
    Surround,
)
from tapelint.finding import Place
from tapelint.program.project import Module
from tapelint.program.values import Site
from tapelint.source.document import Document
from tapelint.source.edit import edited
from tapelint.source.lines import Lines
from tapelint.source.span import Position, Span
from tapelint.syntax import tree
from tapelint.syntax.nodes import Nodes
from tapelint.syntax.positions import spans


class Patient:
    """A program, and its nodes by what they look like."""

    def __init__(self, text: str) -> None:
        self.module = Module(Document(Path("train.py"), text), requested=True)
        self.nodes = Nodes(self.module.tree)
        list(self.nodes)
        self.text = text
        self.lines = Lines(text)
        self._spans = spans(self.module.document, list(self.nodes.known))

    def __getitem__(self, look: str) -> Site:
        """The innermost node that looks like this; else the outermost one that begins like this."""
        offset = self.text.index(look)
        start = self.lines.position(offset)
        end = self.lines.position(offset + len(look))
        found = [node for node, span in self._spans.items() if span.start == start != span.end]
        exact = [node for node in found if self._spans[node].end == end]
        return Site(self.module, exact[-1] if exact else found[0])

    def after(self, *changes: Change) -> str | None:
        place = Place(Path("train.py"), Span(Position(1, 1), Position(1, 1)))
        fix = surgery.fix(Repair("mend it", "unsafe", changes), place, self.module, self.nodes)
        return edited(self.text, fix.edits) if fix else None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f()", "f(k=1)"),
        ("f( )", "f( k=1)"),
        ("f(a)", "f(a, k=1)"),
        ("f(a, k=0)", "f(a, k=1)"),
        ("f(a, k = (0))", "f(a, k=1)"),
        ("f((a))", "f((a), k=1)"),
        ("f(((a)), b=(2, 3))", "f(((a)), b=(2, 3), k=1)"),
        ("f(\n    a,\n    b,  # the ( last\n)", "f(\n    a,\n    b,  # the ( last\n    k=1,\n)"),
        ("f(a  # first (\n)", "f(a, k=1  # first (\n)"),
        ("(f)(a)", "(f)(a, k=1)"),
        ("f(*a, **b)", "f(*a, **b, k=1)"),
        ("f(a for a in b)", None),
        ("f(a)(b)", "f(a)(b, k=1)"),
    ],
)
def test_an_argument_is_set(before: str, after: str | None) -> None:
    patient = Patient(before + "\n")
    assert patient.after(SetArgument(patient[before], "k", "1")) == (after + "\n" if after else None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(xx)", "f()"),
        ("f(a, xx)", "f(a)"),
        ("f(xx, a)", "f(a)"),
        ("f(a, k=(xx), b=1)", "f(a, b=1)"),
        ("f(\n    a,\n    k=xx,\n)", "f(\n    a,\n)"),
        ("f(\n    xx,  # gone\n    a,\n)", "f(\n    a,\n)"),
    ],
)
def test_an_argument_is_removed(before: str, after: str) -> None:
    patient = Patient(before + "\n")
    assert patient.after(RemoveArgument(patient[before], patient["xx"])) == after + "\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a = xx\n", "a = xx\nb = 1\n"),
        ("a = xx  # why\nc = 2\n", "a = xx  # why\nb = 1\nc = 2\n"),
        ("a = xx", "a = xx\nb = 1"),
        ("a = xx\r\nc = 2\r\n", "a = xx\r\nb = 1\r\nc = 2\r\n"),
        ("if c:\n\ta = xx\n\td = 2\n", "if c:\n\ta = xx\n\tb = 1\n\td = 2\n"),
        ("a = f(\n    xx,\n)\n", "a = f(\n    xx,\n)\nb = 1\n"),
        ("a = xx; c = 2\n", None),
        ("if c: a = xx\n", None),
        (
            "with xx as t:\n  a = 1\n\n  c = 2  # last\nd = 3\n",
            "with xx as t:\n  a = 1\n\n  c = 2  # last\nb = 1\nd = 3\n",
        ),
    ],
)
def test_a_line_is_inserted_after_a_statement(before: str, after: str | None) -> None:
    patient = Patient(before)
    assert patient.after(Insert("after", patient["xx"], ("b = 1",))) == after


def test_lines_are_inserted_in_a_body_with_the_users_indentation() -> None:
    patient = Patient('def f(x):\n  """Do."""\n  return x\n')
    define = patient["def f(x):"]
    inside = ("for a in x:", "    for b in a:", "        print(b)")
    told = "  for a in x:\n    for b in a:\n      print(b)\n"
    assert patient.after(Insert("first", define, inside)) == f'def f(x):\n  """Do."""\n{told}  return x\n'
    assert patient.after(Insert("last", define, inside)) == f'def f(x):\n  """Do."""\n  return x\n{told}'
    assert patient.after(Insert("before", define, ("import a",))) == f"import a\n{patient.text}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("d = x.a(1).b(2)\n", "d = x.b(2).a(1)\n"),
        ("d = x.a(1).c().b( 2 )\n", "d = x.b( 2 ).a(1).c()\n"),
        ("d = (x.a(1)).b(2).e\n", "d = (x.b(2).a(1)).e\n"),
        ("d = (\n    x.a(1)\n    .b(2)\n    .e()\n)\n", "d = (\n    x\n    .b(2).a(1)\n    .e()\n)\n"),
        ("d = (\n    x.a(1)  # one\n    .b(2)\n)\n", None),
    ],
)
def test_a_link_of_a_chain_moves(before: str, after: str | None) -> None:
    patient = Patient(before)
    calls = [node for node in patient.nodes if isinstance(node, tree.Call)]
    links = {
        call.function.name: Site(patient.module, call.id) for call in calls if isinstance(call.function, tree.Attribute)
    }
    moving = MoveLink(links["b"], links["a"])
    assert patient.after(moving) == after


def test_a_link_of_a_chain_goes() -> None:
    patient = Patient("d = x.a(1).b(2).c()\n")
    assert patient.after(RemoveLink(patient["x.a(1).b(2)"])) == "d = x.a(1).c()\n"


def test_a_statement_goes_and_leaves_no_empty_body() -> None:
    patient = Patient("a = 1\nif a:\n    b = 2  # two\nc = 3  # three\n")
    assert patient.after(Remove(patient["c"])) == "a = 1\nif a:\n    b = 2  # two\n"
    assert patient.after(Remove(patient["b"])) == "a = 1\nif a:\n    pass  # two\nc = 3  # three\n"
    assert patient.after(Remove(patient["if a"])) == "a = 1\nc = 3  # three\n"


def test_a_statement_moves_with_its_body() -> None:
    patient = Patient("for x in y:\n    if x:\n        # why\n        go()\n    z = 1\nlast()\n")
    moved = patient.after(Move(patient["if x"], "after", patient["last()"]))
    assert moved == "for x in y:\n    z = 1\nlast()\nif x:\n    # why\n    go()\n"
    inside = patient.after(Move(patient["last()"], "last", patient["for x"]))
    assert inside == "for x in y:\n    if x:\n        # why\n        go()\n    z = 1\n    last()\n"


def test_a_function_is_decorated_inside_its_decorators() -> None:
    patient = Patient("class A:\n    @staticmethod\n    def f(x):\n        return x\n")
    assert patient.after(Decorate(patient["def f(x):"], "tf.function")) == (
        "class A:\n    @staticmethod\n    @tf.function\n    def f(x):\n        return x\n"
    )


def test_pieces_keep_what_the_user_wrote() -> None:
    patient = Patient("loss = f(a,  # one\n         b)\n")
    assert patient.after(Surround(patient["f(a"], "mean(", ")")) == "loss = mean(f(a,  # one\n         b))\n"
    swapped = patient.after(Replace(patient["a,"], patient["b)"]), Replace(patient["b)"], patient["a,"]))
    assert swapped == "loss = f(b,  # one\n         a)\n"


def test_changes_that_overlap_are_no_repair() -> None:
    patient = Patient("loss = f(a)\n")
    assert patient.after(Replace(patient["f(a)"], "g()"), Replace(patient["a)"], "b")) is None
