"""What fixes did or would do, for people: as a difference of texts, and as a list."""

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tapelint.catalog import named
from tapelint.finding import Finding
from tapelint.report.address import shown
from tapelint.run.fix import Change
from tapelint.source.formats import decode, is_notebook


def difference(changes: Mapping[Path, Change]) -> str:
    """The changes as a unified diff; those of a notebook cell by cell."""
    return "".join(line for path, change in sorted(changes.items()) for line in _difference(path, change))


def listed(applied: Iterable[Finding]) -> str:
    """How often which rule was fixed in which file."""
    by_file: dict[Path, Counter[str]] = {}
    for finding in applied:
        by_file.setdefault(finding.place.path, Counter())[finding.rule] += 1
    lines = []
    for path, rules in sorted(by_file.items()):
        lines.append(f"{shown(path)}:")
        lines += [f"  {count} x {named(rule).code} {rule}" for rule, count in sorted(rules.items())]
    return "\n".join(lines)


def _difference(path: Path, change: Change) -> Iterator[str]:
    before, after = decode(path, change.before), decode(path, change.after)
    cells = sorted(before.written, key=lambda cell: cell or 0) if is_notebook(path) else [None]
    for cell in cells:
        name = shown(path) if cell is None else f"{shown(path)}:cell {cell}"
        old, new = ([f"{line}\n" for line in document.lines_of(cell)] for document in (before, after))
        yield from difflib.unified_diff(old, new, fromfile=name, tofile=name)
