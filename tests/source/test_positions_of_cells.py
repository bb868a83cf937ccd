"""Whatever cells or blocks hold, every position of the text leads back to where its character stands in the file."""

import re
from collections.abc import Iterator
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tapelint.finding import Place
from tapelint.source.notebook import read_notebook
from tapelint.source.snippets import read_markdown
from tapelint.source.span import Span
from tapelint.syntax.legible import legible
from tapelint.syntax.nodes import children
from tapelint.syntax.positions import spans
from tapelint.syntax.programs import programs
from tapelint.syntax.tree import Assign, Module, Name, Node
from tests.notebooks import notebook

_MARK = re.compile(r"mark_\w+")

# Every `mark_…` is assigned once; the strategy numbers them, so that each can be found again.
_LINES = (
    "{mark} = 1",
    "if x: {mark} = 'ä € 𝄞'",
    "!pip install a",
    "%matplotlib inline",
    "%time {mark} = f(x)",
    "x = !ls \\\n  -l",
    "x?",
    "",
    "# tapelint: nothing",
    's = """\n!no command\n"""',
    "for x in y:\n    !ls\n    {mark} = 2",
    "def f():\n    %foo\n    {mark} = [\n1]\n    return {mark}",
    "await g()",
    "\t",
)
_HEADS = ("", "\n", "%%time\n", "%%capture out\n\n")
_BROKEN = (
    "print 'a'\n{mark}_lost = 1",
    "x = (",
    "s = '''",
    "if x:",
    "else:\n  pass",
    "@a",
    "x = 1 \\",
    "%%bash\necho $a",
    "\0",
)


@st.composite
def cells(draw: st.DrawFn) -> list[str]:
    made = []
    for number in range(draw(st.integers(1, 5))):
        if draw(st.integers(0, 4)) == 0:
            made.append(draw(st.sampled_from(_BROKEN)).replace("{mark}", f"mark_{number}"))
            continue
        lines = draw(st.lists(st.sampled_from(_LINES), max_size=5))
        numbered = [line.replace("{mark}", f"mark_{number}_{index}") for index, line in enumerate(lines)]
        margin = draw(st.sampled_from(["", "  ", "\t"])) if not any("\n" in line for line in numbered) else ""
        body = "\n".join(margin + line for line in numbered)
        made.append(draw(st.sampled_from(_HEADS)) + body)
    return made


@settings(max_examples=300, deadline=None)
@given(cells(), st.data())
def test_every_assignment_is_found_in_its_cell(sources: list[str], data: st.DataObject) -> None:
    prose = data.draw(st.sets(st.sampled_from(range(1, len(sources) + 1))))
    document, module, broken = legible(read_notebook(Path("a.ipynb"), notebook(*sources, prose=sorted(prose)).encode()))
    targets = {target.id: target.name for target in _marks(module)}
    seen = set()
    for number, span in spans(document, targets.keys()).items():
        place = Place.of(document, span)
        assert place.cell is not None
        assert place.cell not in prose
        assert _text(sources[place.cell - 1], place.span) == targets[number]
        assert document.lines_of(place.cell) == tuple(sources[place.cell - 1].split("\n"))
        assert document.line(place.cell, place.span.start.line) == span.start.line
        seen.add(targets[number])
    told = {Place.of(document, Span(error.position, error.position)).cell for error in broken}
    for number, source in enumerate(sources, 1):
        if number not in prose and number not in told:
            assert set(_MARK.findall(source)) <= seen


@settings(max_examples=200, deadline=None)
@given(cells(), st.data())
def test_every_assignment_is_found_in_the_markdown_text(sources: list[str], data: st.DataObject) -> None:
    text = "# Title\n"
    for source in sources:
        fence = data.draw(st.sampled_from(["```", "~~~~", "````"]))
        info = data.draw(st.sampled_from(["python", "py", "{code-cell} python", "bash"]))
        margin = data.draw(st.sampled_from(["", "  ", "   "])) if "\t" not in source else ""
        body = "".join(f"{margin}{line}\n" if line else "\n" for line in source.replace("\0", "?").split("\n"))
        text += f"\nSome words, and `mark_0 = 1`.\n\n{margin}{fence}{info}\n{body}{margin}{fence}\n"
    written = text.split("\n")
    document = read_markdown(Path("a.md"), text.encode())
    for program in programs(document):
        rest, module, broken = legible(program)
        assert broken == []
        targets = {target.id: target.name for target in _marks(module)}
        for number, span in spans(rest, targets.keys()).items():
            place = Place.of(rest, span)
            assert place.cell is None
            assert _text(text, place.span) == targets[number]
            assert rest.line(None, place.span.start.line) == span.start.line
        assert list(rest.lines_of(None)) == written[:-1]


def _marks(module: Module) -> Iterator[Name]:
    pending: list[Node] = [module]
    while pending:
        node = pending.pop()
        if isinstance(node, Assign):
            yield from (target for target in node.targets if isinstance(target, Name) and _MARK.match(target.name))
        pending.extend(children(node))


def _text(source: str, span: Span) -> str:
    line = source.split("\n")[span.start.line - 1]
    assert span.start.line == span.end.line
    return line[span.start.column - 1 : span.end.column - 1]
