"""What the client is told of each text: its findings as diagnostics."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsprotocol import converters, types

from tapelint.finding import Finding, Place
from tapelint.lsp.linting import Snapshot
from tapelint.lsp.units import Units
from tapelint.report.address import uri
from tapelint.report.lsp import Convention, diagnostics, extent
from tapelint.run.outcome import Outcome
from tapelint.source.document import Document

_CONVERTER = converters.get_converter()


@dataclass(frozen=True)
class Notice:
    """The findings in one text, or one cell, each with its diagnostic. Two with the same `id` say the same."""

    uri: str
    version: int | None
    found: Sequence[tuple[Finding, types.Diagnostic]]
    id: str

    @property
    def diagnostics(self) -> list[types.Diagnostic]:
        return [diagnostic for _, diagnostic in self.found]

    def within(self, span: types.Range) -> Iterator[tuple[Finding, types.Diagnostic]]:
        """The findings that a range touches."""
        for finding, diagnostic in self.found:
            if _touch(diagnostic.range, span):
                yield finding, diagnostic


@dataclass(frozen=True)
class Tongue:
    """How a client and a snapshot of its texts have to be spoken about."""

    snapshot: Snapshot
    units: Units

    @property
    def convention(self) -> Convention:
        return Convention(self.units.length, self.address)

    def address(self, place: Place) -> str:
        """The client's own name of a text that is open; of any other file, its URI."""
        return self.snapshot.names.get(place.path, {}).get(place.cell) or uri(place)

    def range(self, document: Document | None, place: Place) -> types.Range:
        """A place in a document as the client counts it."""
        found: types.Range = structured(extent(document, place, self.convention), types.Range)
        return found

    def notices(self, outcome: Outcome, asked: Mapping[Path, Mapping[int | None, str]]) -> dict[str, Notice]:
        """What there is to tell about each text, also where that is nothing."""
        told: dict[str, list[tuple[Finding, dict[str, Any]]]] = {
            name: [] for names in asked.values() for name in names.values()
        }
        for finding, diagnostic in diagnostics(outcome, self.convention):
            told.setdefault(self.address(finding.place), []).append((finding, diagnostic))
        return {name: self._notice(name, found) for name, found in told.items()}

    def _notice(self, name: str, found: list[tuple[Finding, dict[str, Any]]]) -> Notice:
        said = json.dumps([diagnostic for _, diagnostic in found], sort_keys=True)
        return Notice(
            name,
            self.snapshot.versions.get(name),
            [(finding, structured(diagnostic, types.Diagnostic)) for finding, diagnostic in found],
            hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:16],
        )


def structured(plain: Any, kind: Any) -> Any:
    """What the protocol makes of a plain object."""
    return _CONVERTER.structure(plain, kind)


def _touch(one: types.Range, other: types.Range) -> bool:
    return _key(one.start) <= _key(other.end) and _key(other.start) <= _key(one.end)


def _key(position: types.Position) -> tuple[int, int]:
    return position.line, position.character
