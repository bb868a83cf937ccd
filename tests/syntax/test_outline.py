"""A text is parsed in parts, and what is told from words and indentation alone is right or not relied upon."""

from pathlib import Path

import pytest

from tapelint.source.document import Document
from tapelint.syntax import tree
from tapelint.syntax.nodes import children
from tapelint.syntax.outline import SHORTEST, bodies
from tapelint.syntax.parse import Unparsable, check, parse

LONG = "".join(f"    x{number} = {number}\n" for number in range(SHORTEST))
AROUND = {
    "a function": f"def f(a, b=1):\n{LONG}",
    "a method": "class A:\n    def f(self):\n" + LONG.replace("    ", "        "),
    "a coroutine": f"async def f():\n    await g()\n{LONG}",
    "a decorated function": f"@d(1)\ndef f():\n{LONG}",
    "a header over several lines": f"def f(\n    a: dict[str, int] = {{'a': 1}},\n) -> 'int':\n{LONG}",
    "a colon in a default": f"def f(a=lambda: 1, b={{1: 2}}[1:2]):\n{LONG}",
    "a comment behind the header": f"def f():  # why: because\n{LONG}",
    "a comment that is not indented": f"def f():\n{LONG}# nothing\n{LONG}\nb = 1\n",
    "a string that is not indented": f"def f():\n    s = '''\ndef g():\n  pass\n'''\n{LONG}\nb = 1\n",
    "a line that is continued": f"def f():\n    s = 1 + \\\n2\n{LONG}\nb = 1\n",
    "a branch": "if c:\n    def f():\n" + LONG.replace("    ", "        ") + "else:\n    f = None\n",
    "tabs": "class A:\n\tdef f(self):\n" + LONG.replace("    ", "\t\t") + "\tb = 1\n",
    "lines that end as on Windows": f"def f():\n{LONG}b = 1\n".replace("\n", "\r\n"),
    "no end of line": f"def f():\n{LONG}".rstrip(),
    "a function in a function": f"def f():\n    def g():\n        return 1\n{LONG}",
}
WHOLE = {
    "brackets that are not indented": f"def f():\n    s = [\n1,\n]\n{LONG}",
    "a letter in two forms": f"def ﬁ():\n{LONG}",
}


def functions(module: tree.Module) -> list[tree.Function]:
    return [node for node in _nodes(module) if isinstance(node, tree.Function) and node.name != "<lambda>"]


def _nodes(module: tree.Module) -> list[tree.Node]:
    found: list[tree.Node] = [module]
    for node in found:
        if not (isinstance(node, tree.Function) and isinstance(node.suite, tree.Unread)):
            found.extend(children(node))
    return found


def parsed(text: str, *, imported: bool = False) -> tree.Module:
    return parse(Document(Path("program.py"), text), imported=imported)


@pytest.mark.parametrize("text", AROUND.values(), ids=AROUND)
def test_a_long_body_is_parsed_when_it_is_asked_for(text: str) -> None:
    (function,) = functions(parsed(text))
    assert isinstance(function.suite, tree.Unread)
    assert sum(isinstance(statement, tree.Assign) for statement in function.body) >= SHORTEST
    assert isinstance(function.suite, tree.Suite)


@pytest.mark.parametrize("text", WHOLE.values(), ids=WHOLE)
def test_what_cannot_be_cut_is_parsed_whole(text: str) -> None:
    (function,) = functions(parsed(text))
    assert isinstance(function.suite, tree.Suite)
    assert len(function.body) >= SHORTEST


def test_a_short_body_is_parsed_at_once() -> None:
    (function,) = functions(parsed("def f():\n    return 1\n"))
    assert isinstance(function.suite, tree.Suite)
    assert not any(body.is_long for body in bodies("def f():\n    return 1\n"))


def test_a_generator_is_known_by_its_body() -> None:
    first, second = functions(parsed(f"def f():\n{LONG}    yield 1\n\ndef g():\n{LONG}"))
    assert first.is_generator
    assert not second.is_generator


BROKEN = f"a = 1\ndef f():\n{LONG}    b = = 2\n"


def test_a_mistake_in_a_body_is_told_at_its_place() -> None:
    with pytest.raises(Unparsable) as error:
        parsed(BROKEN)
    assert (error.value.message, error.value.position.line) == ("invalid syntax at `=`", SHORTEST + 3)
    with pytest.raises(Unparsable):
        check(Document(Path("program.py"), BROKEN))


def test_a_mistake_in_an_imported_body_is_told_when_that_is_read() -> None:
    (function,) = functions(parsed(BROKEN, imported=True))
    with pytest.raises(Unparsable):
        _ = function.body
