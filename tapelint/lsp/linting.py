"""Linting beside the message loop: one file at a time, and always the newest texts."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from tapelint.lsp.analyst import Analyst, Study
from tapelint.run.analyse import joined
from tapelint.run.baseline import BadBaseline, Baseline
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.lint import Intake, concluded, gathered, taken, work
from tapelint.run.news import Sieve
from tapelint.run.outcome import Outcome
from tapelint.source.disk import Files

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Snapshot:
    """What is open at one moment: contents by file, the client's names for it, and the version of each name."""

    contents: Mapping[Path, bytes]
    names: Mapping[Path, Mapping[int | None, str]]
    versions: Mapping[str, int]
    hierarchy: Hierarchy

    @property
    def files(self) -> Files:
        return Files(self.contents)


@dataclass(frozen=True)
class Result:
    """What was found in a snapshot. `studies` has what was read of each file that matters."""

    snapshot: Snapshot
    outcome: Outcome
    studies: Mapping[Path, Study] = field(default_factory=dict)


class Linter:
    """Somebody who lints what is open whenever it has changed, and never keeps the message loop waiting.

    `take` says what there is to lint, None if that cannot be told; `tell` hears what was found, `fail` what went wrong.
    """

    def __init__(
        self,
        take: Callable[[], Snapshot | None],
        tell: Callable[[Result], None],
        fail: Callable[[Exception], None],
    ) -> None:
        self._take = take
        self._tell = tell
        self._fail = fail
        self._thread = ThreadPoolExecutor(1, "linter")
        self._analyst = Analyst()
        self._changed = asyncio.Event()
        self._current = asyncio.Event()
        self._result: Result | None = None
        self._work: asyncio.Task[None] | None = None

    def stir(self) -> None:
        """Something has changed."""
        self._current.clear()
        self._changed.set()
        if self._work is None or self._work.done():
            self._work = asyncio.ensure_future(self._lint())

    @property
    def last(self) -> Result | None:
        """What was found in what was open when somebody last looked."""
        return self._result

    async def newest(self) -> Result | None:
        """What is found in what is open now; None if nothing is, or nobody can tell."""
        if self._work is not None:
            await self._current.wait()
        return self._result

    async def survey(self, folders: list[Path], snapshot: Snapshot, advance: Callable[[int, int], None]) -> Result:
        """What is found in all files below some folders. `advance` hears how many of how many are done."""
        intake = await self.do(partial(gathered, folders, snapshot.hierarchy, snapshot.files))
        return await self._concluded(snapshot, intake, advance, lambda: True)

    async def do(self, task: Callable[[], _Result]) -> _Result:
        """The result of a task that is done beside the message loop, in its turn."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, task)

    def close(self) -> None:
        """Nothing more is to be linted."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _lint(self) -> None:
        while self._changed.is_set():
            self._changed.clear()
            try:
                snapshot = self._take()
                self._result = await self._found(snapshot) if snapshot else None
                if self._result is not None and not self._changed.is_set():
                    self._tell(self._result)
            except _Outdated:
                continue
            except Exception as error:  # whatever it is, the next text may be without it
                self._result = None
                self._fail(error)
            if not self._changed.is_set():
                self._current.set()

    async def _found(self, snapshot: Snapshot) -> Result:
        intake = await self.do(partial(taken, snapshot.contents, snapshot.hierarchy, snapshot.files))
        return await self._concluded(snapshot, intake, lambda *_: None, lambda: not self._changed.is_set())

    async def _concluded(
        self,
        snapshot: Snapshot,
        intake: Intake,
        advance: Callable[[int, int], None],
        is_wanted: Callable[[], bool],
    ) -> Result:
        batches = [one for batch in await self.do(partial(work, intake, snapshot.hierarchy)) for one in batch.alone()]
        studies: dict[Path, Study] = {}
        for number, batch in enumerate(batches):
            if not is_wanted():
                raise _Outdated
            advance(number, len(batches))
            studies[batch.documents[0].path] = await self.do(partial(self._analyst.study, batch))
        return await self.do(partial(_conclusion, snapshot, intake, studies))


class _Outdated(Exception):
    """What was being linted is no longer what is open."""


def _conclusion(snapshot: Snapshot, intake: Intake, studies: Mapping[Path, Study]) -> Result:
    analysis = joined(study.analysis for study in studies.values())
    outcome = concluded(intake, analysis, snapshot.hierarchy)
    return Result(snapshot, _sieve(snapshot.hierarchy.run.baseline).news(outcome), studies)


def _sieve(baseline: Path | None) -> Sieve:
    """What lets pass only what the project's baseline does not know; all of it, if there is none to be read."""
    try:
        return Sieve(Baseline.read(baseline)) if baseline else Sieve()
    except (BadBaseline, FileNotFoundError):
        return Sieve()
