"""Mending what was found: fixes are made, and what has become of the files is linted again until none is left."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tapelint.finding import Finding, Fix
from tapelint.run.outcome import Outcome, order
from tapelint.source.disk import ON_DISK, Files
from tapelint.source.document import Document, UndecodableSource
from tapelint.source.edit import Edit
from tapelint.source.formats import decode
from tapelint.source.rewrite import Unchangeable, rewritten
from tapelint.syntax.parse import Unparsable, check

Lint = Callable[[Files], Outcome]
Key = tuple[Path, str, str]
"""What a fix is recognized by when lines have moved: the file, the rule, the message."""

_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Change:
    """The contents of a file before and after all fixes."""

    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Mending:
    """What became of some files in memory: nothing is written yet.

    `outcome` is what is still found, `applied` are the findings that were fixed, where they stood when they were, and
    `dropped` those whose fix did not do, with the reason.
    """

    outcome: Outcome
    applied: tuple[Finding, ...]
    dropped: tuple[tuple[Finding, str], ...]
    changes: Mapping[Path, Change]


def key(finding: Finding) -> Key:
    return finding.place.path, finding.rule, finding.message


def allowed(finding: Finding, *, unsafe: bool) -> bool:
    """Whether a finding has a fix that may be made."""
    return finding.fix is not None and (unsafe or finding.fix.safety == "safe")


def mend(lint: Lint, *, unsafe: bool, without: Collection[Key] = (), files: Files = ON_DISK) -> Mending:
    """The `files` that `lint` reads after every fix that is allowed: safe unless `unsafe`, and none of `without`.

    Each round makes the fixes that do not touch each other. One that leaves a text which is no longer Python, or its
    own finding, is not made again.
    """
    contents: dict[Path, bytes] = dict(files.other)
    before: dict[Path, bytes] = {}
    applied: list[Finding] = []
    dropped: dict[Key, tuple[Finding, str]] = {}
    outcome = lint(files)
    for _ in range(_ROUNDS):
        waiting = [
            finding
            for finding in outcome.findings
            if allowed(finding, unsafe=unsafe) and key(finding) not in dropped and key(finding) not in without
        ]
        done: list[Finding] = []
        for path in dict.fromkeys(finding.place.path for finding in waiting):
            data = Files(contents).read(path)
            chosen, after, failed = _mended(path, data, [each for each in waiting if each.place.path == path])
            dropped |= {key(finding): (finding, reason) for finding, reason in failed}
            if chosen:
                before.setdefault(path, data)
                contents[path] = after
                done += chosen
        if not done:
            break
        outcome = lint(Files(dict(contents)))
        dropped |= {key(each): (each, "its finding is still there") for each in _fruitless(waiting, done, outcome)}
        applied += done
    changes = {path: Change(data, contents[path]) for path, data in before.items() if contents[path] != data}
    return Mending(outcome, tuple(sorted(applied, key=order)), tuple(dropped.values()), changes)


def _mended(
    path: Path, data: bytes, findings: Sequence[Finding]
) -> tuple[list[Finding], bytes, list[tuple[Finding, str]]]:
    """The findings whose fixes were made, the contents after them, and the findings whose fixes do not do."""
    chosen = _apart(findings)
    try:
        return chosen, _checked(path, data, chosen), []
    except Unchangeable as error:
        if len(chosen) == 1:
            return [], data, [(chosen[0], str(error))]
    # One of them spoils it for all: each is tried on what the others have left.
    made: list[Finding] = []
    failed: list[tuple[Finding, str]] = []
    for finding in chosen:
        try:
            _checked(path, data, [*made, finding])
            made.append(finding)
        except Unchangeable as error:
            failed.append((finding, str(error)))
    return made, _checked(path, data, made) if made else data, failed


def _checked(path: Path, data: bytes, findings: Iterable[Finding]) -> bytes:
    """The contents after the fixes. Raises Unchangeable, also where something in it would no longer be Python."""
    edits: dict[int | None, set[Edit]] = {}
    for finding in findings:
        edits.setdefault(finding.place.cell, set()).update(_fix(finding).edits)
    after = rewritten(path, data, edits)
    spoilt = set(_complaints(path, after)) - set(_complaints(path, data))
    if spoilt:
        raise Unchangeable(f"what it makes is not Python: {min(spoilt)}")
    return after


def _complaints(path: Path, data: bytes) -> Iterator[str]:
    """What is wrong with the parts of a file that are not Python: quoted ones and cells need not be."""
    try:
        document = decode(path, data)
    except UndecodableSource as error:
        yield str(error)
        return
    for _, text in document.pieces:
        try:
            check(Document(path, text))
        except Unparsable as error:
            yield error.message


def _apart(findings: Iterable[Finding]) -> list[Finding]:
    """The findings whose fixes do not touch each other; of two that do, the first one. The same edits are one fix."""
    chosen: list[Finding] = []
    for finding in findings:
        others = [other for other in chosen if other.place.cell == finding.place.cell]
        if all(_fix(other).edits == _fix(finding).edits or not _touch(_fix(other), _fix(finding)) for other in others):
            chosen.append(finding)
    return chosen


def _touch(left: Fix, right: Fix) -> bool:
    return any(
        one.span.start <= other.span.end and other.span.start <= one.span.end
        for one in left.edits
        for other in right.edits
    )


def _fruitless(waiting: Iterable[Finding], done: Iterable[Finding], outcome: Outcome) -> list[Finding]:
    """The findings that were fixed, and of whose kind there are not fewer than before."""
    before = Counter(map(key, waiting))
    after = Counter(key(finding) for finding in outcome.findings if finding.fix)
    return [finding for finding in done if after[key(finding)] >= before[key(finding)]]


def _fix(finding: Finding) -> Fix:
    assert finding.fix is not None
    return finding.fix
