"""The probe at work for an editor: scripts are run beside everything else, and what they show becomes verdicts."""

import asyncio
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from tapelint.lsp.linting import Result
from tapelint.lsp.session import Session
from tapelint.run.outcome import Outcome
from tapelint.source.disk import ON_DISK

if TYPE_CHECKING:
    from tapelint.record import Record

_STEPS = 4


class Trials:
    """One run after the other. The user may cancel each, and nobody waits for any."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._thread = ThreadPoolExecutor(1, "probe")
        self._running: dict[Path, _Cancellation] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, uri: str) -> None:
        """Runs a script as soon as possible, unless that is going on."""
        task = asyncio.ensure_future(self._probe(uri))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Ends what is running."""
        for cancellation in self._running.values():
            cancellation.set()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _probe(self, uri: str) -> None:
        session = self._session
        path = session.buffers.path(uri) or session.buffers.owner(uri)
        result = await session.linter.newest()
        if path is None or result is None or path not in result.snapshot.contents:
            session.show("only a file that is open can be probed", types.MessageType.Warning)
            return
        if path in self._running:
            return
        reason = _why_not(path, result)
        if reason:
            session.show(f"`{path.name}` cannot be probed: {reason}", types.MessageType.Warning)
            return
        self._running[path] = cancellation = threading.Event()
        try:
            await self._run(path, result, cancellation)
        except Exception as error:  # whatever it is, the server lives on
            session.log(f"probing failed: {error!r}", types.MessageType.Error)
            session.show(f"probing `{path.name}` failed: {type(error).__name__}: {error}")
        finally:
            del self._running[path]

    async def _run(self, path: Path, result: Result, cancellation: "_Cancellation") -> None:
        from tapelint.probe.evidence import Evidence  # the probe is loaded when somebody wants it

        session = self._session
        evidence = Evidence(result.outcome)
        async with _Progress(session, f"probing {path.name}", cancellation) as progress:
            watch = _Watch(cancellation, asyncio.get_running_loop(), progress.report)
            run = partial(_run, watch=watch, seconds=session.configuration.wishes.probe_timeout)
            await asyncio.get_running_loop().run_in_executor(self._thread, evidence.gather, path, run)
        record = evidence.records[path]
        if evidence.interrupted:
            session.log(f"the probe of `{path.name}` was cancelled")
            return
        if record.end == "unstarted":
            session.show(f"`{path.name}` could not be run: {record.detail}", types.MessageType.Warning)
            return
        judged = evidence.outcome(result.snapshot.hierarchy)
        session.verdicts.keep(path, result.outcome, judged, result.snapshot.files)
        session.tell_again()
        session.log(f"`{path.name}`: {record.detail or record.end}; {_summary(path, judged)}")


_Cancellation = threading.Event


def _why_not(path: Path, result: Result) -> str | None:
    """Why a script cannot be run as it is in the editor."""
    from tapelint.run.script import why_not_run

    document = result.snapshot.files.load(path)
    saved = ON_DISK.load(path)
    if document is None:
        return "it is not text"
    if saved is None or saved.text != document.text:
        return "save it first, for what is on the disk is what runs"
    return why_not_run(document)


def _run(script: Path, *, graph: bool, patient: bool, watch: "Callable[[Record], None]", seconds: float) -> "Record":
    from tapelint.probe import launch

    return launch.run(script, steps=_STEPS, seconds=seconds, graph=graph, patient=patient, watch=watch)


def _summary(script: Path, judged: Outcome) -> str:
    kinds = Counter(finding.verdict.kind for finding in judged.findings if finding.verdict)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or f"nothing found in `{script.name}`"


@dataclass(frozen=True)
class _Watch:
    """Is told now and then, by the thread that waits for a run, what is known so far; ends it if nobody wants it."""

    cancellation: "_Cancellation"
    loop: asyncio.AbstractEventLoop
    report: Callable[[str, int], None]

    def __call__(self, record: "Record") -> None:
        if self.cancellation.is_set():
            raise KeyboardInterrupt
        self.loop.call_soon_threadsafe(self.report, _what_is_happening(record), record.updates)


def _what_is_happening(record: "Record") -> str:
    if record.updates:
        return f"{record.updates} updates, {len(record.gradients)} gradient calls"
    if record.gradients:
        return f"{len(record.gradients)} gradient calls, no update yet"
    return "no update yet" if record.versions else "starting"


class _Progress:
    """What the user sees of a run, with the button that cancels it; nothing, where the client shows no such thing."""

    def __init__(self, session: Session, title: str, cancellation: "_Cancellation") -> None:
        self._progress = session.pygls.work_done_progress
        self._shown = session.client.shows_progress
        self._title = title
        self._token = f"tapelint-{uuid.uuid4()}"
        self._cancellation = cancellation
        self._last = ""

    async def __aenter__(self) -> "_Progress":
        if self._shown:
            await self._progress.create_async(self._token)
            begin = types.WorkDoneProgressBegin(self._title, cancellable=True, percentage=0)
            self._progress.begin(self._token, begin)
            self._progress.tokens[self._token].add_done_callback(lambda _: self._cancellation.set())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # If even waiting for the run was given up, nobody is there to be told.
        if self._shown and kind is not asyncio.CancelledError:
            self._shown = False
            self._progress.end(self._token, types.WorkDoneProgressEnd())
            self._progress.tokens.pop(self._token, None)

    def report(self, message: str, updates: int) -> None:
        """Shows how far the run is."""
        if self._shown and message != self._last:
            self._last = message
            percentage = min(100, 100 * updates // _STEPS)
            self._progress.report(self._token, types.WorkDoneProgressReport(message=message, percentage=percentage))
