"""The programs on a rule's page, and whether tapelint finds in them what the page says.

The blocks under one heading are one program, each file of it padded so that line numbers are the page's own.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tapelint import catalog
from tapelint.catalog import Rule
from tapelint.finding import Finding
from tapelint.run.expectations import disagreements, expectations
from tapelint.run.fix import mend
from tapelint.run.lint import lint
from tapelint.run.select import runs_only
from tapelint.run.settings import Settings
from tapelint.run.suppress import UNUSED
from tapelint.source.markdown import Fence, Heading, fences

SCRIPT = "train.py"
"""The file that a block belongs to when no line before it names another."""
WRONG = ("Variations",)
"""The parts of a page, beside the one under its title, whose programs break the rule."""
RIGHT = ("Instead", "When it is right")
"""The parts whose programs keep it. No page is without them."""
FIX = "Fix"
"""The part that shows what the rule's fixes make of the first program, on the page of a rule that has some."""


@dataclass(frozen=True)
class Program:
    """The files under one heading. `headings` leads there from the page's title, which is the first."""

    rule: Rule
    headings: tuple[str, ...]
    files: dict[str, str]

    @property
    def part(self) -> str:
        """The part of the page it stands in: the rule's name for the first, else such as `Instead`."""
        return self.headings[1] if len(self.headings) > 1 else self.headings[0]

    def __str__(self) -> str:
        return " > ".join(self.headings)


def programs(rules: Iterable[Rule] | None = None) -> Iterator[Program]:
    """Every program on the pages of some rules, by default of all."""
    for rule in catalog.rules().values() if rules is None else rules:
        under: dict[tuple[Heading, ...], list[Fence]] = {}
        for fence in fences(rule.text):
            if fence.language == "python":
                under.setdefault(fence.headings, []).append(fence)
        for headings, blocks in under.items():
            yield Program(rule, tuple(heading.title for heading in headings), assembled(blocks))


def assembled(blocks: list[Fence]) -> dict[str, str]:
    """The text of each file, its lines where the page has them, so that line numbers are the page's own."""
    files: dict[str, str] = {}
    for block in blocks:
        name = block.file or SCRIPT
        text = files.get(name, "")
        files[name] = text + "\n" * (block.line - 1 - text.count("\n")) + block.text
    return files


def broken_promises(rule: Rule) -> list[str]:
    """Everything in which a rule's page is not true; empty if it keeps its promises.

    What its comments promise must be found, by whatever rule, and nothing else; a page shows the rule broken and kept,
    each where it belongs; and what it shows under `Fix` is what the fixes make.
    """
    shown = list(programs([rule]))
    missing = {rule.name, *RIGHT} - {program.part for program in shown}
    told = [f"{rule.name}.md: shows no program under `{part}`" for part in sorted(missing)]
    for program in shown:
        told += [*misplaced(program), *complaints(program)]
    return told + unmended(rule)


def unmended(rule: Rule) -> list[str]:
    """How the first program of a page, after the rule's fixes, differs from the one that it shows under `Fix`."""
    shown = {program.part: program.files for program in programs([rule])}
    if rule.fix is None or rule.name not in shown:
        return []
    if FIX not in shown:
        return [f"{rule.name}.md: shows no program under `{FIX}`"]
    with _written(shown[rule.name]) as folder:
        settings = Settings(rules=telling(rule.name), jobs=1)
        mending = mend(lambda files: lint([folder], settings, files=files), unsafe=True)
        made = {path.relative_to(folder).as_posix(): change.after.decode() for path, change in mending.changes.items()}
    return [
        f"{rule.name}.md: `{name}` becomes something else by the fix than under `{FIX}`:\n{made.get(name, '')}"
        for name, text in shown[FIX].items()
        if _bare(made.get(name, shown[rule.name].get(name, ""))) != _bare(text)
    ]


def telling(name: str) -> frozenset[str]:
    """The rules that have to run for the findings of one: whether a suppression is needless, all others tell."""
    return frozenset(catalog.rules()) if name == UNUSED else frozenset({name})


def _bare(text: str) -> list[str]:
    """The lines of a program, without expectations, padding and trailing space."""
    return [line.partition("  # error")[0].rstrip() for line in text.strip().splitlines()]


def misplaced(program: Program) -> list[str]:
    """What is wrong about where a program stands: under what heads it, the rule must be broken, or must not be."""
    name = program.rule.name
    breaks = any(
        each.rule == name and not each.missed for text in program.files.values() for each in expectations(text, name)
    )
    if program.part in (name, *WRONG) and not breaks:
        return [f"{name}.md: {program}: must break the rule"]
    if program.part in RIGHT and breaks:
        return [f"{name}.md: {program}: must not break the rule"]
    return []


def complaints(program: Program) -> list[str]:
    """Where the findings in a program, with all rules on, differ from what its comments promise."""
    found = _findings(program.files)
    page = f"{program.rule.name}.md"
    told = []
    for name, text in program.files.items():
        promised = [each for each in expectations(text, program.rule.name) if not _needs_a_run(each.rule)]
        told += disagreements(page, promised, found.pop(name, []))
    return told + [f"{page}: a finding outside the program, in {name}" for name in found]


def _findings(files: Mapping[str, str]) -> dict[str, list[Finding]]:
    """What is found in the files of a program, by the file's name."""
    found: dict[str, list[Finding]] = {}
    with _written(files) as folder:
        outcome = lint([folder], Settings(rules=frozenset(catalog.rules()), jobs=1))
        if not outcome.complete:
            raise AssertionError(
                "\n".join((*(crash.traceback for crash in outcome.crashes), *outcome.failures.values()))
            )
        for finding in outcome.findings:
            found.setdefault(finding.place.path.relative_to(folder).as_posix(), []).append(finding)
    return found


@contextmanager
def _written(files: Mapping[str, str]) -> Iterator[Path]:
    """A folder with the files of a program in it, for a while."""
    with TemporaryDirectory() as made:
        folder = Path(made).resolve()
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        yield folder


def _needs_a_run(name: str) -> bool:
    rule = catalog.rules().get(name)
    return rule is not None and runs_only(rule)
