"""A second opinion on workflow commands: what GitHub's runner reads in a line, after its published source."""

from dataclasses import dataclass

_UNESCAPED = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))


@dataclass(frozen=True)
class Command:
    """An annotation: its level, its properties, its text."""

    name: str
    properties: dict[str, str]
    message: str


def read(line: str) -> Command:
    """The command in a line of output. Raises ValueError for a line that is none."""
    if not line.startswith("::"):
        raise ValueError(line)
    head, _, message = line[2:].partition("::")
    name, _, listed = head.partition(" ")
    if name not in ("error", "warning", "notice"):
        raise ValueError(line)
    pairs = [pair.split("=", 1) for pair in listed.split(",")]
    return Command(name, {key: _unescaped(value, _UNESCAPED) for key, value in pairs}, _data(message))


def _data(text: str) -> str:
    return _unescaped(text, [pair for pair in _UNESCAPED if pair[1] not in ":,"])


def _unescaped(text: str, pairs: list[tuple[str, str]] | tuple[tuple[str, str], ...]) -> str:
    for spelled, character in pairs:
        text = text.replace(spelled, character)
    return text
