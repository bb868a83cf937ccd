"""What git knows of the files as they were at a revision."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_NO_BLOB = "0"


class NoRevision(ValueError):
    """A revision that files cannot be compared with; the message says why and what to do."""


@dataclass(frozen=True)
class Revision:
    """The files of a repository as they were where the present work branched off from a revision.

    `before` holds, of every file that is not as it was, the name of git's object with its old contents, None for a new
    file; a file that was moved is held under its new name. `tracked` are all files that git cares about.
    """

    root: Path
    before: Mapping[str, str | None]
    tracked: frozenset[str]

    @classmethod
    def since(cls, name: str, folder: Path) -> "Revision":
        """The files of the repository around `folder` at the last commit that HEAD and `name` have in common.

        What was committed to `name` since is not the work of whoever is here. Raises NoRevision.
        """
        root = Path(os.fsdecode(_told(folder, "rev-parse", "--show-toplevel").removesuffix(b"\n")))
        commit = _commit(root, name)
        base = _ask(root, "merge-base", commit, "HEAD")
        if base.returncode:
            raise NoRevision(f"`{name}` and the working tree have no commit in common{_shallow(root)}")
        raw = _told(
            root,
            *("diff", "--raw", "-z", "--no-abbrev", "--find-renames", "--no-ext-diff", "--ignore-submodules"),
            *(base.stdout.decode().strip(), "--"),
        )
        tracked = os.fsdecode(_told(root, "ls-files", "-z")).split("\0")
        return cls(root, dict(_changed(os.fsdecode(raw))), frozenset(tracked))

    def has(self, path: Path) -> bool:
        """Whether the file is just as it was."""
        name = self._name(path)
        return name in self.tracked and name not in self.before

    def contents(self, path: Path) -> bytes | None:
        """What was in the file, or in the one it was made of by moving it; None if it is new."""
        blob = self.before.get(self._name(path))
        return _told(self.root, "cat-file", "blob", blob) if blob else None

    def _name(self, path: Path) -> str:
        # The last step may be a link of its own, which git tracks as such.
        return Path(os.path.relpath(path.parent.resolve() / path.name, self.root)).as_posix()


def _commit(root: Path, name: str) -> str:
    if name and not name.startswith("-"):
        answer = _ask(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        if answer.returncode == 0:
            return answer.stdout.decode().strip()
    raise NoRevision(f"git knows no revision `{name}` here{_shallow(root)}")


def _shallow(root: Path) -> str:
    """What to do about a repository without its history, if this is one."""
    if _told(root, "rev-parse", "--is-shallow-repository").strip() != b"true":
        return ""
    return (
        "; this clone is shallow: fetch the history, too (`git fetch --unshallow`, or `fetch-depth: 0` in a workflow)"
    )


def _changed(raw: str) -> Iterator[tuple[str, str | None]]:
    """The files of a `git diff --raw -z`: `:mode mode object object status`, and one name or two."""
    fields = iter(raw.split("\0"))
    for header in fields:
        if not header:
            continue
        _, _, blob, _, status = header.split(" ")
        name = next(fields)
        if status[0] in "RC":
            name = next(fields)
        if status != "U":
            yield name, blob if blob.strip(_NO_BLOB) else None


def _told(folder: Path, *arguments: str) -> bytes:
    """What git answers. Raises NoRevision with its complaint."""
    answer = _ask(folder, *arguments)
    if answer.returncode:
        complaint = answer.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        raise NoRevision(f"git says: {complaint}")
    return answer.stdout


def _ask(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    surroundings = os.environ | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        return subprocess.run(["git", *arguments], cwd=folder, env=surroundings, capture_output=True, check=False)
    except FileNotFoundError:
        raise NoRevision("it is git that knows what has changed, and there is no `git` to be found") from None
