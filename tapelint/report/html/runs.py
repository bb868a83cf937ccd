"""A run as the page has it: what was seen of its values, and, where it was run again compiled, of its traces."""

from dataclasses import dataclass

from tapelint.record import Function, Record


@dataclass(frozen=True, slots=True)
class Run:
    """A script's record with functions forced eager, and the one with functions compiled, if there is one."""

    record: Record
    compiled: Record | None = None

    @property
    def functions(self) -> tuple[Function, ...]:
        """The functions of the run that counted traces, or of the only one."""
        return self.compiled.functions if self.compiled is not None else self.record.functions

    @property
    def records(self) -> tuple[Record, ...]:
        """Every record there is."""
        return (self.record,) if self.compiled is None else (self.record, self.compiled)
