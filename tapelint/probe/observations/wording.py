"""How verdicts put figures and names."""

from collections.abc import Iterable, Sequence


def counted(count: int, word: str) -> str:
    """`3 steps`, `1 step`, `2 batches`."""
    return f"{count} {word}" + ("" if count == 1 else "es" if word.endswith("tch") else "s")


def listed(names: Sequence[str]) -> str:
    """Some names in backticks, and how many more there are."""
    shown = [f"`{name}`" for name in names[:2]]
    if len(names) > 2:
        shown = [", ".join(shown), f"{len(names) - 2} more"]
    return " and ".join(shown)


def number(value: float) -> str:
    """A number with as many digits as anybody wants to read."""
    return f"{value:.3g}"


def said(kind: str, message: str) -> str:
    """The first line of an exception's message, after its name; from within a graph, the line that says what it is."""
    lines = [line.strip() for line in message.splitlines() if line.strip()] or [""]
    own = [line.removeprefix(f"{kind}: ") for line in lines if line.startswith(f"{kind}: ")]
    first = own[-1] if own and lines[0] == "in user code:" else lines[0]
    return f"`{kind}`: {first[:100]}" if first else f"`{kind}`"


def unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
