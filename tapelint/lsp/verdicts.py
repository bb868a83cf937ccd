"""What running a program has shown of the texts as they were then."""

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tapelint.finding import Finding, Place
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.lint import pointed_into
from tapelint.run.outcome import Outcome
from tapelint.source.disk import Files, UnreadableFile

_BY_WEIGHT = ("unable", "unreached", "refuted", "confirmed")


@dataclass(frozen=True)
class _Trial:
    """What one run of a script has shown of some files, which had these contents; `added` is what reading had not."""

    contents: Mapping[Path, bytes]
    judged: tuple[Finding, ...]
    added: tuple[Finding, ...]


class Verdicts:
    """What the last run of each script has shown. It holds for files that are what they were, the script among them."""

    def __init__(self) -> None:
        self._trials: dict[Path, _Trial] = {}

    def keep(self, script: Path, before: Outcome, judged: Outcome, files: Files) -> None:
        """Takes in what a run of a script has shown of the `files`, in which reading had found what was `before`."""
        concerned = {script, *(finding.place.path for finding in judged.findings)}
        contents = {path: data for path in concerned if (data := _read(path, files)) is not None}
        known = {_key(finding) for finding in before.findings}
        added = tuple(finding for finding in judged.findings if _key(finding) not in known)
        self._trials[script] = _Trial(contents, tuple(each for each in judged.findings if each not in added), added)

    def applied(self, outcome: Outcome, files: Files, hierarchy: Hierarchy) -> Outcome:
        """What reading has found, with the verdicts that still hold, and with what only running has shown."""
        holding = list(self._holding(files))
        verdicts = {
            _key(finding): finding
            for finding in sorted((each for trial, same in holding for each in _of(trial.judged, same)), key=_weight)
        }
        added = {_key(finding): finding for trial, same in holding for finding in _of(trial.added, same)}
        if not verdicts and not added:
            return outcome
        read = {_key(finding): verdicts.get(_key(finding), finding) for finding in outcome.findings}
        wanted = {key: finding for key, finding in added.items() if _is_on(finding, hierarchy)}
        every = (wanted | read).values()
        documents = pointed_into(every, outcome.documents, files)
        return dataclasses.replace(outcome, documents=documents).with_findings(tuple(every))

    def _holding(self, files: Files) -> Iterator[tuple[_Trial, set[Path]]]:
        """The trials of scripts that are as they were, each with the files that are."""
        for script, trial in self._trials.items():
            same = {path for path, data in trial.contents.items() if _read(path, files) == data}
            if script in same:
                yield trial, same


def _of(findings: Iterable[Finding], paths: Collection[Path]) -> Iterator[Finding]:
    return (finding for finding in findings if finding.place.path in paths)


def _is_on(finding: Finding, hierarchy: Hierarchy) -> bool:
    path = finding.place.path
    return finding.rule in hierarchy.at(path.parent).rules_for(path)


def _weight(finding: Finding) -> int:
    return _BY_WEIGHT.index(finding.verdict.kind) if finding.verdict else -1


def _key(finding: Finding) -> tuple[str, Place]:
    return finding.rule, finding.place


def _read(path: Path, files: Files) -> bytes | None:
    try:
        return files.read(path)
    except UnreadableFile:
        return None
