"""Linting beside the message loop: one run at a time, always of the newest texts."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tapelint.run.config import ConfigError
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.lint import lint_texts
from tapelint.run.outcome import Outcome
from tapelint.source.disk import Files

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is open at one moment: contents by file, the client's names for it, and the version of each name."""

    contents: Mapping[Path, bytes]
    names: Mapping[Path, Mapping[int | None, str]]
    versions: Mapping[str, int]
    hierarchy: Hierarchy

    def lint(self) -> Outcome:
        return lint_texts(self.contents, self.hierarchy, files=Files(self.contents))


class Linter:
    """Somebody who lints what is open whenever it has changed, and never keeps the message loop waiting.

    `take` says what there is to lint, `tell` hears what was found.
    """

    def __init__(self, take: Callable[[], Snapshot], tell: Callable[[Snapshot, Outcome], None]) -> None:
        self._take = take
        self._tell = tell
        self._thread = ThreadPoolExecutor(1, "linter")
        self._wanted = False
        self._work: asyncio.Task[None] | None = None

    def stir(self) -> None:
        """Something has changed."""
        self._wanted = True
        if self._work is None or self._work.done():
            self._work = asyncio.ensure_future(self._lint())

    async def _lint(self) -> None:
        while self._wanted:
            self._wanted = False
            snapshot = self._take()
            try:
                outcome = await asyncio.get_running_loop().run_in_executor(self._thread, snapshot.lint)
            except ConfigError as error:
                log.error("%s", error)
                continue
            self._tell(snapshot, outcome)
