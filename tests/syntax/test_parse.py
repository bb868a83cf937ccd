"""What is not Python is refused with a reason and a place; what is deep or long never crashes the parser."""

import ast
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from tapelint.source.document import Document
from tapelint.syntax import nesting, tree
from tapelint.syntax.parse import Unparsable, parse
from tapelint.syntax.positions import spans
from tests.syntax.canonical import ours, theirs


def read(text: str) -> tree.Module:
    return parse(Document(Path("program.py"), text))


def refusal(text: str) -> tuple[str, int, int]:
    with pytest.raises(Unparsable) as refused:
        read(text)
    return refused.value.message, refused.value.position.line, refused.value.position.column


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('x = 1\nprint "done"\n', ("`print` without parentheses is Python 2: in Python 3 it is a function", 2, 1)),
        ("if a:\n    exec code\n", ("`exec` without parentheses is Python 2: in Python 3 it is a function", 2, 5)),
        ("x = 1\n<<<<<<< HEAD\ny = 2\n", ("a merge was never finished: this line is a conflict marker", 2, 1)),
        ("import a\n%matplotlib inline\n", ("`%matplotlib` is a notebook command, not Python", 2, 1)),
        ("!pip install a\n", ("`!pip` is a notebook command, not Python", 1, 1)),
        ("a = [1, 2\nb = 3\n", ("`[` was never closed", 1, 5)),
        ("a = 1)\n", ("unmatched `)`", 1, 6)),
        ("a = 'b\n", ("unterminated string literal (detected at line 1)", 1, 5)),
        ("if a:\nb\n", ("expected an indented block after `if` statement on line 1", 2, 1)),
        ("def f():\n        a\n    b\n", ("unindent does not match any outer indentation level", 3, 5)),
        ("if a:\n        x\n\ty\n", ("inconsistent use of tabs and spaces in indentation", 3, 2)),
        ("  a = 1\n", ("unexpected indent", 1, 3)),
        ("raise A, 'b'\n", ("invalid syntax at `,`", 1, 8)),
        ("é = 'ü'; b = $\n", ("invalid syntax at `$`", 1, 14)),
        ("a = 'é' + + * 3\r\n", ("invalid syntax at `*`", 1, 13)),
        ("a = 1\r\nb = = 2\r\n", ("invalid syntax at `=`", 2, 5)),
        ("a = 1\rb = = 2\r", ("invalid syntax at `=`", 2, 5)),
        ("f() = 1\n", ("cannot assign to function call here; maybe you meant `==` instead of `=`?", 1, 1)),
        ("a = 1\nb = '\0'\n", ("the text contains a NUL character", 2, 6)),
    ],
)  # fmt: skip
def test_the_reason_and_the_place(text: str, expected: tuple[str, int, int]) -> None:
    assert refusal(text) == expected


def test_what_only_libcst_refuses_has_a_place_too() -> None:
    text = "b = 2\n(a): int = 1\n"
    compile(text, "program.py", "exec")
    assert refusal(text) == ("unexpected `:`", 2, 4)


@pytest.mark.parametrize(
    "text",
    [
        "a = '\\x1'\n",
        "a = b'\\x1'\n",
        "a = 'b' b'c'\n",
        "a = f'b' b'c'\n",
        "a = b'b' f'{c}'\n",
        "a = 010\n",
        "a = 0or 1\n",
    ],
)
def test_a_literal_that_python_refuses_has_its_line(text: str) -> None:
    message, line, _ = refusal("b = 2\n" + text)
    assert message
    assert line == 2


@pytest.mark.parametrize(
    "text",
    [
        "x = (a if b else c)if d else e\n",
        "x = a if b else(c if d else e)if f else g\n",
        "x = [(a if b else c)for d in e if(lambda: f)if g]\n",
        "x = [a for b in(lambda: c)if d]\n",
        "x = [a for b in(c)if(d)for e in[f]]\n",
        "x = 1if a else 2\n",
        "x = a if b else(yield)\n",
        "for x in(lambda: a),: pass\n",
        "x = not(a)and(b)or(c)in(d)\n",
    ],
)
def test_space_around_keywords_may_be_missing_where_python_lets_it(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert ours(read(text)) == theirs(ast.parse(text))


@pytest.mark.parametrize("text", ["a = '\ud800'\n", "\udfff\n"])
def test_a_lone_surrogate_is_refused(text: str) -> None:
    assert refusal(text)[1:] == (1, 1)


def test_a_refused_text_is_refused_by_positions_too() -> None:
    with pytest.raises(Unparsable):
        spans(Document(Path("program.py"), "print 'a'\n"), [1])


@pytest.mark.parametrize("text", ["", "\n", "# nothing", "\ufeff", "\ufeff# nothing\n", "\f\n", "   \n\t\n"])
def test_a_text_without_statements_has_none(text: str) -> None:
    assert read(text).body == []


@pytest.mark.parametrize("text", ["a", "a\n", "\ufeffa\n", "a;", "a # b", "\fa\n", "a\f\n", "a\r\n", "a\r", "\\\na\n"])
def test_a_text_with_one_name(text: str) -> None:
    (statement,) = read(text).body
    assert isinstance(statement, tree.ExpressionStatement)
    assert isinstance(statement.value, tree.Name)


LONG = {
    "sum": ("x = " + " + ".join(["a"] * 1500), 4),
    "conjunction": ("x = " + " and ".join(["a"] * 3000), 4),
    "text": ("x = " + "'a' " * 3000, 4),
    "comparison": ("x = a" + " < b" * 3000, 4),
    "calls in a row": ("x = a" + ".b()" * 600, 4),
    "subscripts in a row": ("x = a" + "[0]" * 600, 4),
    "elif": ("if a:\n    b\n" + "".join(f"elif c{number}:\n    d\n" for number in range(3000)), 0),
    "brackets": ("x = " + "(" * 200 + "a" + ")" * 200, 204),
    "lists": ("x = " + "[" * 200 + "a" + "]" * 200, 4),
    "calls in each other": ("x = " + "f(" * 150 + "a" + ")" * 150, 4),
    "not": ("x = " + "not " * 150 + "a", 4),
    "lambdas": ("x = " + "lambda: " * 150 + "a", 4),
    "conditions": ("x = " + "a if b else " * 150 + "c", 4),
    "powers": ("x = " + " ** ".join(["a"] * 150), 4),
    "blocks": ("".join(" " * level + "if a:\n" for level in range(98)) + " " * 98 + "b\n", 0),
    "functions": ("".join(" " * level + "def f():\n" for level in range(98)) + " " * 98 + "return f(f(f))\n", 0),
}


@pytest.mark.parametrize("name", LONG)
def test_generated_code_is_read_and_placed(name: str) -> None:
    text, column = LONG[name]
    module = read(text)
    (statement,) = module.body
    node = statement.value if isinstance(statement, tree.Assign) else statement
    place = spans(Document(Path("program.py"), text), [node.id])[node.id]
    assert (place.start.line, place.start.column) == (1, column + 1)


TOO_LONG = "an expression of more than 6000 operators is more than tapelint reads"
TOO_DEEP = "an expression nested more than 200 levels deep is more than tapelint reads"
TOO_MANY = "a file with 20000 `elif` branches is more than tapelint reads"

TOO_MUCH = {
    "brackets": ("x = " + "(" * 201 + "a" + ")" * 201, "too many nested parentheses", 205),
    "very many brackets": ("x = " + "[(" * 50_000 + "a" + ")]" * 50_000, "too many nested parentheses", 205),
    "brackets with brackets in strings": (
        "x = " + "(')' + " * 300 + "a" + ")" * 300,
        "too many nested parentheses",
        1405,
    ),
    "not": ("x = " + "not " * 500 + "a", TOO_DEEP, 1),
    "minus": ("x = " + "-" * 50_000 + "a", TOO_LONG, 6005),
    "sum": ("x = " + " + ".join(["a"] * 50_000), TOO_LONG, 24007),
    "elif": ("if a: b\n" + "elif c: d\n" * 20_000, TOO_MANY, 1),
    "blocks": ("".join(" " * n + "if a:\n" for n in range(200)), "too many levels of indentation", 101),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_python_itself_gives_up_on_is_refused(name: str) -> None:
    text, reason, column = TOO_MUCH[name]
    message, _, refused_column = refusal(text)
    assert (message, refused_column) == (reason, column)


def test_many_operators_in_many_statements_are_no_excess() -> None:
    text = "x = [\n" + "    -a.b * c.d(-1) - 2,\n" * 5000 + "]\n" + "y = a.b - c ** -d\n" * 5000
    assert nesting.overload(text) is None


def test_brackets_in_strings_and_comments_are_no_excess() -> None:
    text = "a = '" + "(" * 500 + "'\n# " + "[" * 500 + "\nb = '''\n" + "{\n" * 500 + "'''\nc = 'it\\'s (('\n"
    assert nesting.overload(text) is None
    assert len(read(text).body) == 3


def test_reading_does_not_depend_on_how_deep_the_caller_is() -> None:
    def deeper(levels: int) -> int:
        return deeper(levels - 1) if levels else len(read(LONG["calls in each other"][0]).body)

    assert deeper(sys.getrecursionlimit() - 200) == 1


def test_the_recursion_limit_is_left_as_it_was() -> None:
    before = sys.getrecursionlimit()
    read("x = 1\n")
    refusal("x = \n")
    assert sys.getrecursionlimit() == before


def test_libcst_is_loaded_only_when_something_is_parsed() -> None:
    program = (
        "import sys, tapelint.syntax.parse, tapelint.syntax.positions, tapelint.syntax.scopes\n"
        "print('libcst' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
