"""What is kept of texts that were parsed before never shows, but in the time that it saves."""

import random
from pathlib import Path

import pytest

from tapelint.source.document import Document
from tapelint.syntax import concrete
from tapelint.syntax.memory import Memory, remembering
from tapelint.syntax.nodes import Nodes
from tapelint.syntax.parse import Unparsable, parse
from tapelint.syntax.positions import spans
from tests.syntax.canonical import ours

PROGRAMS = sorted((Path(__file__).parents[2] / "fixtures" / "broken").glob("update_mismatch*.py"))[:3]

TWO = """\
class One:
    def call(self, x):
{body}
class Other:
    def call(self, x):
{other}
"""
LONG = "        return " + " + ".join(["x"] * 60)


def seen(text: str, path: str = "train.py") -> object:
    """All there is to know of a text: its tree, and where each node of it stands; or why it has none."""
    document = Document(Path(path), text)
    try:
        tree = parse(document, imported=True)
        numbers = {node.id for node in Nodes(tree)}
        return ours(tree), spans(document, numbers)
    except Unparsable as error:
        return error.args


def versions(text: str, seed: int) -> list[str]:
    """The text while somebody works on it: lines come and go, move, and are broken in two."""
    chance = random.Random(seed)
    found = [text]
    for _ in range(12):
        lines = found[-1].splitlines(keepends=True)
        at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        match chance.randrange(5):
            case 0:
                lines.insert(at, "# a remark\n")
            case 1:
                lines.insert(at, lines[other])
            case 2:
                del lines[at]
            case 3:
                lines[at] = lines[at].replace("(", "((", 1)
            case _:
                lines = text.splitlines(keepends=True)
        found.append("".join(lines))
    return found


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_a_text_in_the_making_is_seen_as_if_for_the_first_time(program: Path) -> None:
    memory = Memory(100_000)
    for text in versions(program.read_text(encoding="utf-8"), len(program.name)):
        with remembering(memory):
            again = seen(text)
        assert again == seen(text)


def test_only_the_function_that_has_changed_is_parsed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    read = concrete.read

    def noted(text: str, *more: object) -> concrete.Concrete:
        parsed.append(text)
        return read(text, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(concrete, "read", noted)
    with remembering(Memory(100_000)):
        seen(TWO.format(body=LONG, other=LONG))
        parsed.clear()
        seen(TWO.format(body=LONG, other=LONG + " + 1"))
        assert set(parsed) == {f"def _():\n{LONG} + 1\n"}


def test_a_body_that_looks_like_what_stands_for_one_is_not_taken_for_it() -> None:
    texts = [TWO.format(body=LONG, other="     0"), TWO.format(body="     0", other=LONG)]
    with remembering(Memory(100_000)):
        again = [seen(text) for text in texts]
    assert again == [seen(text) for text in texts]


def test_the_same_text_in_two_files_is_two_trees() -> None:
    text = "def step(x):\n    return " + " + ".join(["x"] * 60) + "\n"
    with remembering(Memory(100_000)):
        first, second = parse(Document(Path("a.py"), text)), parse(Document(Path("b.py"), text))
    assert not {id(node) for node in Nodes(first)} & {id(node) for node in Nodes(second)}


def test_no_more_is_kept_than_there_is_room_for() -> None:
    memory = Memory(50)
    with remembering(memory):
        for number in range(20):
            parse(Document(Path("train.py"), f"value_{number} = {number}\n"))
        assert len(memory._known) <= 4
