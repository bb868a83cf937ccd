"""Which findings a program's own comments silence, and which of these comments silence nothing."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from tapelint import catalog
from tapelint.catalog import Rule
from tapelint.finding import Finding, Fix, Place
from tapelint.run.comments import Entry, Suppression, suppressions
from tapelint.run.retract import without, without_entry
from tapelint.run.select import on_by_default, runs_only
from tapelint.source.document import Document
from tapelint.source.span import Span

UNUSED = "unused-suppression"


@dataclass
class Silencer:
    """The suppressions of one document, and which of them have been of use."""

    document: Document
    _suppressions: Sequence[Suppression] = field(init=False)
    _used: set[Suppression | Entry] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self._suppressions = suppressions(self.document)

    def silences(self, finding: Finding) -> bool:
        """Whether a comment asks for silence about the finding, which makes the comment a useful one."""
        responsible = {part for part, _ in self._responsible(finding)}
        self._used |= responsible
        return bool(responsible)

    def needless(self, ran: Collection[str]) -> list[Finding]:
        """The suppressions that nothing came of although their rules, those in `ran`, had their say.

        Call it when all findings have been asked about. A comment that names this rule, or another one that means every
        rule, silences these findings too.
        """
        if UNUSED not in ran:
            return []
        kept = [
            finding
            for suppression in self._suppressions
            for finding in self._complaints(suppression, ran)
            if not self._silenced_elsewhere(finding, suppression)
        ]
        unused = (
            self._unused(suppression, entry)
            for suppression in self._suppressions
            for entry in suppression.entries
            if entry.rule and entry.rule.name == UNUSED and entry not in self._used
        )
        return [*kept, *unused]

    def _responsible(self, finding: Finding) -> Iterator[tuple[Suppression | Entry, Suppression]]:
        line = self.document.line(finding.place.cell, finding.place.span.start.line)
        for suppression in self._suppressions:
            if suppression.speaks_for(line):
                if suppression.blanket:
                    yield suppression, suppression
                for entry in suppression.entries:
                    if entry.rule and entry.rule.name == finding.rule:
                        yield entry, suppression

    def _silenced_elsewhere(self, complaint: Finding, about: Suppression) -> bool:
        """Whether another comment silences the complaint, or this one by naming the rule: meaning all is not enough."""
        responsible = self._responsible(complaint)
        parts = {part for part, suppression in responsible if suppression is not about or isinstance(part, Entry)}
        self._used |= parts
        return bool(parts)

    def _complaints(self, suppression: Suppression, ran: Collection[str]) -> Iterator[Finding]:
        if suppression.fault:
            yield self._finding(suppression.span, _fault(suppression))
        elif suppression.blanket:
            if suppression.ours and suppression not in self._used and _had_their_say(ran):
                told = f"`{suppression.text}` suppresses nothing"
                yield self._finding(suppression.span, told, without(self.document, suppression))
        elif not suppression.entries:
            told = f"`{suppression.text}` suppresses nothing: it names no rule"
            yield self._finding(suppression.span, told, without(self.document, suppression))
        else:
            yield from self._entry_complaints(suppression, ran)

    def _entry_complaints(self, suppression: Suppression, ran: Collection[str]) -> Iterator[Finding]:
        for entry in suppression.entries:
            if entry.rule is None:
                near = catalog.nearest(entry.text)
                hint = f", did you mean `{near}`?" if near else ""
                told = f"`{entry.text}` suppresses nothing: there is no such rule{hint}"
                # What is misspelled is not to be removed but to be spelled well.
                yield self._finding(entry.span, told, None if near else self._removal(suppression, entry))
            elif entry not in self._used and _reading_tells(entry.rule, ran):
                yield self._unused(suppression, entry)

    def _unused(self, suppression: Suppression, entry: Entry) -> Finding:
        return self._finding(entry.span, _nothing_found(entry, suppression), self._removal(suppression, entry))

    def _removal(self, suppression: Suppression, entry: Entry) -> tuple[Span, str]:
        return without_entry(self.document, suppression, entry)

    def _finding(self, span: Span, message: str, removal: tuple[Span, str] | None = None) -> Finding:
        place = Place.of(self.document, span)
        fix = Fix.of(self.document, place, "remove the suppression", "safe", [removal]) if removal else None
        return Finding(UNUSED, place, message, catalog.named(UNUSED).severity, fix=fix)


def _had_their_say(ran: Collection[str]) -> bool:
    """Whether enough rules ran to call a comment useless that means all of them: at least those on by default."""
    return all(name in ran for name, rule in catalog.rules().items() if on_by_default(rule, preview=False))


def _reading_tells(rule: Rule, ran: Collection[str]) -> bool:
    """Whether a finding of the rule would be known by now if there were one."""
    return rule.name in ran and rule.name != UNUSED and not runs_only(rule)


def _nothing_found(entry: Entry, suppression: Suppression) -> str:
    where = "in this file" if suppression.lines is None else "here"
    return f"`{entry.text}` suppresses nothing: it is not found {where}"


def _fault(suppression: Suppression) -> str:
    if suppression.fault == "unclosed":
        return f"`{suppression.text}` suppresses nothing: the bracket is never closed"
    return f"`{suppression.text}` suppresses nothing: only `ignore` and `ignore-file` are understood"
