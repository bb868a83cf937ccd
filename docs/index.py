"""The index of the rules in rules/README.md: a table for each family, made of what the pages declare.

`make index` writes it again.
"""

from itertools import groupby
from pathlib import Path

from tapelint.catalog import Rule, rules

INDEX = Path(__file__).parents[1] / "rules" / "README.md"
HEADING = "## Index\n"
FAMILIES = (
    "tapelint itself",
    "Tapes and gradients",
    "Updates, optimizers, schedules",
    "Losses and outputs",
    "Models and layers",
    "Data and randomness",
    "Evaluation: validation, metrics, callbacks",
    "Functions and speed",
    "Devices and precision",
    "Migration",
)
_COLUMNS = "| code | rule | level | precision | fix | seen by running | says |\n|---|---|---|---|---|---|---|\n"


def index() -> str:
    """The tables, family by family."""
    return "\n".join(_table(name, list(members)) for name, members in groupby(rules().values(), family))


def written(page: str) -> str:
    """The page with the index as it is today."""
    before, heading, old = page.partition(HEADING)
    _, following, after = old.partition("\n## ")
    return f"{before}{heading}\n{index()}{following}{after}"


def family(rule: Rule) -> str:
    """The family that the rule belongs to, as the index names it."""
    return FAMILIES[int(rule.code[2])]


def _table(name: str, members: list[Rule]) -> str:
    return f"### {name}\n\n{_COLUMNS}" + "".join(map(_row, members))


def _row(rule: Rule) -> str:
    level = "preview" if rule.preview else rule.severity
    cells = (rule.code, f"[{rule.name}]({rule.name}.md)", level, rule.precision, rule.fix or "–", rule.probe or "–")
    return "".join(f"| {cell} " for cell in (*cells, rule.summary)) + "|\n"


if __name__ == "__main__":
    INDEX.write_text(written(INDEX.read_text(encoding="utf-8")), encoding="utf-8")
