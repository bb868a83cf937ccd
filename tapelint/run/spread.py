"""Spreading the work over processes where that is worth it."""

import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tapelint.program.target import NEWEST, Target
from tapelint.program.wrappers import Wrappers
from tapelint.run.analyse import Analysis, Batch, joined
from tapelint.run.audience import Audience
from tapelint.run.dependencies import keras_required
from tapelint.run.outcome import Crash
from tapelint.run.settings import Settings
from tapelint.source.disk import Files
from tapelint.source.document import Document

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

# Characters of source below which processes would take longer to start than the work takes.
WORTH_IT = 200_000


def batches(documents: Iterable[tuple[Document, Settings]], files: Files) -> list[Batch]:
    """The documents by the package they belong to, or for scripts by directory, where the same is known."""
    tops: dict[Path, Path] = {}
    grouped: dict[tuple[Path, Wrappers, Target], list[tuple[Document, Settings]]] = {}
    for document, settings in documents:
        folder = document.path.parent
        if folder not in tops:
            tops[folder] = _top(folder)
        target = settings.target or keras_required(folder) or NEWEST
        grouped.setdefault((tops[folder], settings.wrappers, target), []).append((document, settings))
    return [
        Batch(
            tuple(document for document, _ in group),
            frozenset().union(*(settings.rules for _, settings in group)),
            wrappers,
            target,
            files,
        )
        for (_, wrappers, target), group in grouped.items()
    ]


def spread(work: Sequence[Batch], jobs: int | None, audience: Audience) -> Iterator[Analysis]:
    """The analyses of all batches, in no particular order."""
    workers = min(jobs or _processors(), len(work))
    files = sum(len(batch.documents) for batch in work)
    if workers < 2 or sum(batch.size for batch in work) < WORTH_IT:
        audience.begin(files)
        for batch in work:
            yield batch.analyse()
            audience.advance(len(batch.documents))
    else:
        audience.note(f"{workers} processes for {len(work)} packages and directories")
        yield from _in_processes(work, workers, audience)


def _in_processes(work: Sequence[Batch], workers: int, audience: Audience) -> Iterator[Analysis]:
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool

    lost: list[Batch] = []
    pool = ProcessPoolExecutor(workers, initializer=_leave_interrupts_to_the_parent)
    try:
        largest_first = sorted(work, key=lambda batch: batch.size, reverse=True)
        waiting = {pool.submit(batch.analyse): batch for batch in largest_first}
        audience.begin(sum(len(batch.documents) for batch in work))
        for future in as_completed(waiting):
            batch = waiting[future]
            try:
                yield future.result()
            except BrokenProcessPool:
                lost.append(batch)
            else:
                audience.advance(len(batch.documents))
    except BaseException:
        _abandon(pool)
        raise
    pool.shutdown()
    for batch in lost:
        yield joined(map(_on_its_own, batch.alone()))
        audience.advance(len(batch.documents))


def _on_its_own(batch: Batch) -> Analysis:
    """The analysis of one document in a process of its own: one like it has died before."""
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    with ProcessPoolExecutor(1, initializer=_leave_interrupts_to_the_parent) as pool:
        try:
            return pool.submit(batch.analyse).result()
        except BrokenProcessPool:
            return Analysis(crashes=(Crash(batch.documents[0].path, "the process that analysed it died", ""),))


def _abandon(pool: "ProcessPoolExecutor") -> None:
    """Ends the processes at once: whoever interrupts a run does not want to wait for a file to be finished."""
    import multiprocessing

    pool.shutdown(wait=False, cancel_futures=True)
    for process in multiprocessing.active_children():
        process.terminate()


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _top(folder: Path) -> Path:
    """The outermost package that a folder belongs to, or the folder itself if it is none."""
    while (folder / "__init__.py").is_file() and (folder.parent / "__init__.py").is_file():
        folder = folder.parent
    return folder
