"""The main job: from paths to an outcome."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tapelint.finding import Finding, Place
from tapelint.plugins import plugins
from tapelint.run.admit import admit
from tapelint.run.analyse import Analysis, Batch, joined, unparsable
from tapelint.run.audience import Audience
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.outcome import Crash, Outcome, order
from tapelint.run.settings import Settings
from tapelint.run.spread import batches, spread
from tapelint.source.discover import Discovery, Limits, discover, excluded
from tapelint.source.disk import ON_DISK, Files, UnreadableFile
from tapelint.source.document import Document, OtherLanguage, UndecodableSource
from tapelint.source.formats import decode, is_notebook
from tapelint.source.relevance import is_relevant
from tapelint.source.span import Position


def lint(
    paths: Sequence[Path],
    settings: Settings | Hierarchy,
    audience: Audience | None = None,
    files: Files = ON_DISK,
) -> Outcome:
    """What is found in the files at or below `paths`. Raises MissingPath and ConfigError."""
    hierarchy = _hierarchy(settings)
    return _outcome(gathered(paths, hierarchy, files), hierarchy, audience or Audience())


def discovered(paths: Sequence[Path], hierarchy: Hierarchy) -> Discovery:
    """The files at or below `paths` that are to be linted. Raises MissingPath and ConfigError."""
    run = hierarchy.run
    limits = Limits(
        lambda folder: hierarchy.at(folder).exclude,
        run.respect_gitignore,
        run.force_exclude,
        lambda folder: hierarchy.at(folder).wanted,
    )
    return discover(paths, limits)


def lint_text(
    path: Path,
    data: bytes,
    settings: Settings | Hierarchy,
    audience: Audience | None = None,
    files: Files = ON_DISK,
) -> Outcome:
    """What is found in `data`, as if it were the contents of `path` among the `files`. Raises ConfigError."""
    return lint_texts([path], settings, audience, Files({**files.other, path: data}))


def lint_texts(
    paths: Iterable[Path], settings: Settings | Hierarchy, audience: Audience | None = None, files: Files = ON_DISK
) -> Outcome:
    """What is found in these of the `files`, which need not be on the disk. Raises ConfigError and UnreadableFile."""
    hierarchy = _hierarchy(settings)
    return _outcome(taken(paths, hierarchy, files), hierarchy, audience or Audience())


@dataclass
class Intake:
    """The files of a run, sorted into those to analyse and those about which everything is known at once."""

    files: Files = ON_DISK
    asked: set[Path] = field(default_factory=set)
    documents: list[Document] = field(default_factory=list)
    undecodable: list[Finding] = field(default_factory=list)
    failures: dict[Path, str] = field(default_factory=dict)
    skipped: dict[Path, str] = field(default_factory=dict)

    def take(self, path: Path, data: bytes) -> None:
        """Decides what becomes of one file."""
        self.asked.add(path)
        # A notebook may spell the words of its program in another way than the program does.
        if not is_notebook(path) and not is_relevant(data) and _is_plainly_text(data):
            return
        try:
            document = decode(path, data)
        except OtherLanguage as error:
            self.skipped[path] = str(error)
        except UndecodableSource as error:
            nowhere = Document(path, "")
            self.undecodable.append(unparsable(nowhere, str(error), Position(1, 1)))
        else:
            if is_relevant(document.text.encode(errors="replace")):
                self.documents.append(document)


def gathered(paths: Sequence[Path], hierarchy: Hierarchy, files: Files = ON_DISK) -> Intake:
    """The files at or below `paths`. Raises MissingPath and ConfigError."""
    intake = Intake(files)
    found = discovered(paths, hierarchy)
    intake.failures.update(found.unreadable)
    for path in found.files:
        try:
            intake.take(path, files.read(path))
        except UnreadableFile as error:
            intake.failures[path] = str(error)
    return intake


def taken(paths: Iterable[Path], hierarchy: Hierarchy, files: Files = ON_DISK) -> Intake:
    """These of the `files`, but for what is excluded by force. Raises ConfigError and UnreadableFile."""
    intake = Intake(files)
    for path in paths:
        if not (hierarchy.run.force_exclude and excluded(path, lambda folder: hierarchy.at(folder).exclude)):
            intake.take(path, files.read(path))
    return intake


def _outcome(intake: Intake, hierarchy: Hierarchy, audience: Audience) -> Outcome:
    audience.note(f"{len(intake.asked)} files, {len(intake.documents)} of them worth reading")
    analysis = joined(spread(work(intake, hierarchy), hierarchy.run.jobs, audience))
    return concluded(intake, analysis, hierarchy)


def work(intake: Intake, hierarchy: Hierarchy) -> list[Batch]:
    """What there is to analyse in an intake. Raises ConfigError."""
    if intake.documents and plugins():
        # Here and not only in other processes, so that it is told once what is wrong with them.
        from tapelint.checks.plugged import load

        load()
    return batches(((document, hierarchy.at(document.path.parent)) for document in intake.documents), intake.files)


def concluded(intake: Intake, analysis: Analysis, hierarchy: Hierarchy) -> Outcome:
    """What of an analysis reaches the user. Raises ConfigError."""
    documents: dict[Path, Document | None] = {document.path: document for document in intake.documents}
    found: dict[Path, list[Finding]] = {path: [] for path in documents}
    documents |= {finding.place.path: None for finding in intake.undecodable}
    for finding in (*intake.undecodable, *distinct(analysis.findings)):
        # An imported file that nobody asked about is not judged.
        if finding.place.path in intake.asked:
            found.setdefault(finding.place.path, []).append(finding)
    crashed = {crash.path for crash in analysis.crashes}
    admissions = [
        admit(
            path, documents[path] if path in documents else intake.files.load(path), findings, hierarchy.at(path.parent)
        )
        for path, findings in found.items()
        if path not in crashed
    ]
    findings = tuple(finding for admission in admissions for finding in admission.findings)
    return Outcome(
        files=len(intake.asked),
        suppressed=sum(admission.suppressed for admission in admissions),
        documents=pointed_into(findings, documents, intake.files),
        crashes=_sorted(analysis.crashes),
        failures=dict(sorted(intake.failures.items())),
        skipped=intake.skipped,
        linted=frozenset(intake.asked - intake.skipped.keys() - crashed),
    ).with_findings(findings)


def distinct(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once: what several programs do in a file that they import is told by the first of them, in order."""
    kept: dict[tuple[str, Place], Finding] = {}
    for finding in sorted(findings, key=lambda finding: (*order(finding), finding.trail)):
        kept.setdefault((finding.rule, finding.place), finding)
    return list(kept.values())


def pointed_into(
    findings: Iterable[Finding], known: Mapping[Path, Document | None], files: Files = ON_DISK
) -> dict[Path, Document]:
    """The documents that findings and their trails point into; imported files are not among the known ones."""
    paths = sorted({path for finding in findings for path in _paths(finding)})
    documents = {path: known[path] if path in known else files.load(path) for path in paths}
    return {path: files.placed(document) for path, document in documents.items() if document is not None}


def _paths(finding: Finding) -> Iterator[Path]:
    yield finding.place.path
    for step in finding.trail:
        yield step.place.path


def _sorted(crashes: Iterable[Crash]) -> tuple[Crash, ...]:
    return tuple(sorted(crashes, key=lambda crash: crash.path))


def _is_plainly_text(data: bytes) -> bool:
    """Whether bytes are text beyond doubt, found out at the speed of memory."""
    if b"\0" in data:
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _hierarchy(settings: Settings | Hierarchy) -> Hierarchy:
    return settings if isinstance(settings, Hierarchy) else Hierarchy.of(settings)
