"""The baseline: findings that a project knows and lives with for now, in a file of its own."""

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tapelint import catalog
from tapelint.finding import Finding
from tapelint.run import likeness
from tapelint.source.disk import put
from tapelint.source.document import Document

VERSION = 1
_REMEDY = "; mend it, or delete it and write it anew with `--update-baseline`"


class BadBaseline(ValueError):
    """A file that is no baseline, or none that this tapelint can read; the message says why and what to do."""


@dataclass(frozen=True, slots=True, order=True)
class Known:
    """What a known finding is recognized by. `path` counts from the directory of the baseline's file."""

    path: str
    rule: str
    code: str


@dataclass(frozen=True)
class Baseline:
    """The known findings of a project, and how often each of them is there."""

    file: Path
    counts: Mapping[Known, int] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> "Baseline":
        """The baseline in a file. Raises BadBaseline, and FileNotFoundError if there is none."""
        try:
            return cls(file, _counts(file.read_bytes().decode()))
        except FileNotFoundError:
            raise
        except OSError as error:
            raise BadBaseline(f"the baseline cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise BadBaseline(f"not a baseline: it is not UTF-8{_REMEDY}") from None

    def entry(self, finding: Finding, document: Document | None) -> Known:
        """What is written down of a finding."""
        path = os.path.relpath(finding.place.path, self.file.parent)
        return Known(Path(path).as_posix(), finding.rule, likeness.code(finding, document))

    def path(self, known: Known) -> Path:
        """The file that an entry is about."""
        return Path(os.path.normpath(self.file.parent / known.path))

    def write(self) -> None:
        """Puts the baseline into its file: sorted, one finding a line. Raises OSError."""
        text = self.text
        if not self.file.exists() or self.file.read_bytes() != text:
            put(self.file, text)

    @property
    def text(self) -> bytes:
        rows = ",\n".join(f"    {_row(known, count)}" for known, count in sorted(self.counts.items()) if count > 0)
        findings = f"[\n{rows}\n  ]" if rows else "[]"
        # Halves of characters cannot be written, and JSON spells them as Python does.
        return f'{{\n  "version": {VERSION},\n  "findings": {findings}\n}}\n'.encode(errors="backslashreplace")


def _row(known: Known, count: int) -> str:
    row = {"path": known.path, "rule": known.rule, "code": known.code, "count": count}
    return json.dumps(row, ensure_ascii=False)


def _counts(text: str) -> Counter[Known]:
    try:
        tree = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        where = f" at line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise BadBaseline(f"not a baseline: its JSON is not valid{where}{_REMEDY}") from None
    if not isinstance(tree, dict) or "version" not in tree or not isinstance(tree.get("findings"), list):
        raise BadBaseline("not a baseline: it has no `version` and no list of `findings`; name another file")
    if tree["version"] != VERSION:
        raise BadBaseline(
            f"a baseline of version {json.dumps(tree['version'])}, and this tapelint reads version {VERSION}: "
            "use the tapelint that wrote it, or delete it and write it anew with `--update-baseline`"
        )
    counts: Counter[Known] = Counter()
    for number, row in enumerate(tree["findings"], 1):
        known, count = _known(number, row)
        counts[known] += count
    return counts


def _known(number: int, row: Any) -> tuple[Known, int]:
    told = row if isinstance(row, dict) else {}
    for key in ("path", "rule", "code"):
        if not isinstance(told.get(key), str):
            raise BadBaseline(f"not a baseline: finding {number} has no text under `{key}`{_REMEDY}")
    count = told.get("count")
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise BadBaseline(f"not a baseline: finding {number} has no number above 0 under `count`{_REMEDY}")
    rule = catalog.find(told["rule"])
    return Known(told["path"], rule.name if rule else told["rule"], told["code"]), count
