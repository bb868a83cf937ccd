"""Fixes do what their pages say: they mend, once, and leave everything else as it was."""

import codecs
import json
import re
from pathlib import Path

import pytest

from tapelint import catalog
from tapelint.finding import Finding
from tapelint.run.fix import Mending, mend
from tapelint.run.lint import lint, lint_text
from tapelint.run.pages import Program, programs, telling, unmended
from tapelint.run.settings import Settings
from tapelint.source.disk import Files
from tests.linting import findings, write
from tests.notebooks import notebook

PROGRAMS = [program for program in programs() if program.rule.fix]
BROKEN = [program for program in PROGRAMS if program.part == program.rule.name]
BY_RULE = {program.rule.name: program for program in BROKEN}
ENOUGH = 35

every_rule = pytest.mark.parametrize("rule", BY_RULE)


def mended(folder: Path, rule: str) -> Mending:
    """The files below a folder after the fixes of one rule, in memory."""
    settings = Settings(rules=telling(rule), jobs=1)
    return mend(lambda files: lint([folder], settings, files=files), unsafe=True)


def put(mending: Mending) -> None:
    for path, change in mending.changes.items():
        path.write_bytes(change.after)


def test_there_are_enough() -> None:
    assert len(BY_RULE) >= ENOUGH


@pytest.mark.parametrize("rule", [rule for rule in catalog.rules().values() if rule.fix], ids=lambda rule: rule.name)
def test_a_page_shows_what_its_fix_makes(rule: catalog.Rule, tmp_path: Path) -> None:
    assert unmended(rule) == []
    write(BY_RULE[rule.name].files, tmp_path)
    promised = findings(tmp_path)
    fixes = [each.fix for found in promised.values() for each in found if each.rule == rule.name and each.fix]
    assert fixes
    assert {fix.safety for fix in fixes} <= {rule.fix, "safe"}


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_a_fix_cures_once_and_brings_nothing_new(program: Program, tmp_path: Path) -> None:
    write(program.files, tmp_path)
    before = findings(tmp_path)
    mending = mended(tmp_path, program.rule.name)
    assert mending.dropped == ()
    put(mending)
    after = findings(tmp_path)
    left = [each for found in after.values() for each in found if each.rule == program.rule.name]
    assert not [each.message for each in left if each.fix]
    assert loud(after) <= loud(before)
    assert mended(tmp_path, program.rule.name).changes == {}


def loud(found: dict[str, list[Finding]]) -> set[tuple[str, str]]:
    """What is found at warning and error level: which rule in which file."""
    return {
        (name, each.rule) for name, every in found.items() for each in every if each.severity in ("error", "warning")
    }


@every_rule
def test_line_ends_and_encodings_stay(rule: str, tmp_path: Path) -> None:
    """A file from Windows, with its byte order mark, becomes what the same file from elsewhere does."""
    text = source(rule) + "# größer\n"
    after = fixed(rule, tmp_path / "train.py", text.encode()).decode()
    windows = fixed(rule, tmp_path / "windows.py", codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode())
    assert windows == codecs.BOM_UTF8 + after.replace("\n", "\r\n").encode()


@every_rule
def test_tabs_stay_tabs(rule: str, tmp_path: Path) -> None:
    text = source(rule)
    after = fixed(rule, tmp_path / "train.py", text.encode()).decode()
    tabs = fixed(rule, tmp_path / "tabs.py", tabbed(text).encode()).decode()
    assert tabs == tabbed(after)


@every_rule
def test_a_notebook_keeps_everything_else(rule: str, tmp_path: Path) -> None:
    text = source(rule).strip("\n")
    book = notebook("# Größe", text, prose=[1], counts=[1])
    after = fixed(rule, tmp_path / "train.py", text.encode()).decode()
    for name, layout in {"lines": book, "ascii": json.dumps(json.loads(book)), "string": strung(book)}.items():
        mended = fixed(rule, tmp_path / f"{name}.ipynb", layout.encode()).decode()
        assert "".join(json.loads(mended)["cells"][1]["source"]) == after
        assert mended.startswith('"source": '.join(layout.split('"source": ')[:2]))
        assert mended.endswith(layout[layout.rindex("nbformat_minor") :])
        assert unsourced(mended) == unsourced(layout)


def unsourced(book: str) -> object:
    """Everything in a notebook but the source of its second cell."""
    content = json.loads(book)
    content["cells"][1].pop("source")
    return content


def strung(book: str) -> str:
    """The notebook with the source of each cell as one string."""
    content = json.loads(book)
    for cell in content["cells"]:
        cell["source"] = "".join(cell["source"])
    return json.dumps(content, ensure_ascii=False)


def tabbed(text: str) -> str:
    return re.sub(r"^(?:    )+", lambda match: "\t" * (len(match[0]) // 4), text, flags=re.MULTILINE)


def source(rule: str) -> str:
    (text,) = BY_RULE[rule].files.values()
    return text


def fixed(rule: str, path: Path, data: bytes) -> bytes:
    """The contents of a file after the fixes of a rule."""
    settings = Settings(rules=telling(rule), jobs=1)
    mending = mend(lambda files: lint_text(path, files.read(path), settings), unsafe=True, files=Files({path: data}))
    return mending.changes[path].after
