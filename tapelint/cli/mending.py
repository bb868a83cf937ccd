"""What `tapelint check` does with fixes: make them, show them, and say what came of them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tapelint.cli.guard import Refusal, tell, warn
from tapelint.finding import Finding
from tapelint.report.address import coordinates, shown
from tapelint.report.fixes import listed
from tapelint.run.fix import Change, Key, Lint, Mending, mend
from tapelint.source.disk import ON_DISK, ChangedMeanwhile, Files, replace


@dataclass(frozen=True)
class Wishes:
    """What the user wants of fixes. `diff` shows them and makes none, `only` reports nothing else."""

    make: bool
    unsafe: bool
    only: bool
    diff: bool
    show: bool
    quiet: bool = False

    @property
    def any(self) -> bool:
        return self.make or self.only or self.diff

    def mended(self, lint: Lint, files: Files = ON_DISK, without: Collection[Key] = ()) -> Mending:
        """What the files would be after the fixes."""
        return mend(lint, unsafe=self.unsafe, without=without, files=files)

    def tell(self, mending: Mending) -> None:
        """Says on standard error what was fixed, and what was not although it has a fix."""
        for finding, reason in mending.dropped:
            warn(f"{where(finding)}: `{finding.rule}` is not fixed: {reason}")
        if self.quiet:
            return
        count, files = len(mending.applied), len(mending.changes)
        if count:
            would = "would fix" if self.diff else "fixed"
            tell(f"{would} {counted(count, 'finding')} in {counted(files, 'file')}")
        if self.show and mending.applied:
            tell(listed(mending.applied))


def where(finding: Finding) -> str:
    """The file and line of a finding."""
    return shown(finding.place.path) + coordinates(finding.place)


def write(changes: Mapping[Path, Change]) -> None:
    """Puts the changed files on the disk, each at once. Raises Refusal, with all that could be written written."""
    failed = []
    for path, change in sorted(changes.items()):
        try:
            replace(path, change.before, change.after)
        except ChangedMeanwhile as error:
            failed.append(f"{shown(path)}: {error}")
        except OSError as error:
            failed.append(f"{shown(path)}: {error.strerror or error}")
    if failed:
        raise Refusal(f"cannot write {'; '.join(failed)}")


def taken_back(changes: Mapping[Path, Change], paths: Iterable[Path]) -> None:
    """Gives files the contents they had before."""
    back = {path: Change(changes[path].after, changes[path].before) for path in paths if path in changes}
    write(back)


def counted(number: int, noun: str) -> str:
    """So many of something, in words."""
    return f"{number} {noun}" + "s" * (number != 1)
