"""The programs on a rule's page, and whether tapelint finds in them what the page says.

The blocks under one heading are one program, each file of it padded so that line numbers are the page's own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tapelint import catalog
from tapelint.catalog import Rule
from tapelint.finding import Finding
from tapelint.run.expectations import disagreements, expectations
from tapelint.run.lint import lint
from tapelint.run.select import runs_only
from tapelint.run.settings import Settings
from tapelint.source.markdown import Fence, Heading, fences

SCRIPT = "train.py"
"""The file that a block belongs to when no line before it names another."""
WRONG = ("Variations",)
"""The parts of a page, beside the one under its title, whose programs break the rule."""
RIGHT = ("Instead", "When it is right")
"""The parts whose programs keep it. No page is without them."""


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

    What its comments promise must be found, by whatever rule, and nothing else; and a page shows the rule broken and
    kept, each where it belongs.
    """
    shown = list(programs([rule]))
    missing = {rule.name, *RIGHT} - {program.part for program in shown}
    told = [f"{rule.name}.md: shows no program under `{part}`" for part in sorted(missing)]
    for program in shown:
        told += [*misplaced(program), *complaints(program)]
    return told


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


def _findings(files: dict[str, str]) -> dict[str, list[Finding]]:
    """What is found in the files of a program, by the file's name."""
    found: dict[str, list[Finding]] = {}
    with TemporaryDirectory() as made:
        folder = Path(made).resolve()
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        outcome = lint([folder], Settings(rules=frozenset(catalog.rules()), jobs=1))
        if not outcome.complete:
            raise AssertionError(
                "\n".join((*(crash.traceback for crash in outcome.crashes), *outcome.failures.values()))
            )
        for finding in outcome.findings:
            found.setdefault(finding.place.path.relative_to(folder).as_posix(), []).append(finding)
    return found


def _needs_a_run(name: str) -> bool:
    rule = catalog.rules().get(name)
    return rule is not None and runs_only(rule)
