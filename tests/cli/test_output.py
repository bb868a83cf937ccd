"""Every format on the command line: printed, written to a file, configured; with files as bad as they come."""

import io
import json
import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tapelint.cli.output import FOR_PEOPLE, FOR_PROGRAMS, Output
from tapelint.report.html import plots
from tapelint.run.settings import OUTPUT_FORMATS
from tests.cli.commands import BROKEN, LINE, tapelint
from tests.notebooks import notebook

NAMES = ("a,b:c%d.py", "line\nbreak.py", "::error::é\N{ROCKET}.py", os.fsdecode(b"not\xffutf8.py"))
IN_JSON = ("json", "sarif", "gitlab", "rdjson", "lsp")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory without any file, far from a configuration; pages without plots, which take time."""
    monkeypatch.setattr(plots, "available", lambda: False)
    for variable in (
        "GITHUB_WORKSPACE",
        "CI_PROJECT_DIR",
        "NO_COLOR",
        "FORCE_COLOR",
        "COLUMNS",
        "TAPELINT_OUTPUT_FORMAT",
        "TAPELINT_OUTPUT_FILE",
    ):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def hostile(here: Path) -> None:
    """Files that say something else in one format or another."""
    for name in NAMES:
        (here / name).write_text(BROKEN)
    head, last = BROKEN.rsplit("    ", 1)
    (here / "wide.py").write_text(head + "    text = '" + "\N{ROCKET}" * 20_000 + "'; " + last)
    (here / "broken.py").write_text(f"{BROKEN}def (:\n")
    (here / "book.ipynb").write_text(notebook("# Study", BROKEN, prose=[1]))
    (here / "page.md").write_text(f"# Study\n\n```python\n{BROKEN}```\n")


def read(format: str, text: str) -> Any:
    """The report as whoever it is for begins to read it."""
    if format in IN_JSON:
        return json.loads(text)
    if format == "json-lines":
        return [json.loads(line) for line in text.splitlines()]
    return ET.fromstring(text.encode()) if format == "junit" else text.splitlines()


def test_every_format_is_for_somebody() -> None:
    assert {*FOR_PEOPLE, *FOR_PROGRAMS, "json", "html"} == set(OUTPUT_FORMATS)


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize("format", OUTPUT_FORMATS)
def test_bad_files_make_good_reports(format: str) -> None:
    printed = tapelint("--output-format", format, "--jobs", "1", ".")
    assert printed.status == 1, printed.err
    assert read(format, printed.out)
    for word in ("TL101", "TL001"):
        assert word in printed.out
    written = tapelint("--output-format", format, "--jobs", "1", "-o", "out/report", ".")
    assert written.out == ""
    assert Path("out/report").read_text(encoding="utf-8") == printed.out


@pytest.mark.parametrize("format", OUTPUT_FORMATS)
def test_a_clean_run_is_a_good_report(format: str) -> None:
    Path("train.py").write_text("import tensorflow as tf\n")
    printed = tapelint("--output-format", format)
    assert (printed.status, printed.err) == (0, "")
    assert "TL" not in printed.out
    if format not in ("github", "json-lines"):
        read(format, printed.out)
        assert printed.out.endswith("\n")


@pytest.mark.parametrize("format", OUTPUT_FORMATS)
def test_what_cannot_be_read_is_told(format: str) -> None:
    Path("gone.py").symlink_to("nowhere.py")
    printed = tapelint("--output-format", format, "gone.py")
    assert printed.status == 2
    assert "gone.py" in printed.err
    if format in ("sarif", "junit", "json", "github"):
        assert "gone.py" in printed.out


@pytest.mark.parametrize("format", OUTPUT_FORMATS)
def test_a_configuration_can_ask_for_it(format: str) -> None:
    Path("train.py").write_text(BROKEN)
    Path("tapelint.toml").write_text(f'output-format = "{format}"\n')
    assert tapelint("train.py").out == tapelint("train.py", "--output-format", format).out


def test_the_environment_can_ask_for_it_and_the_command_line_has_the_last_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("train.py").write_text(BROKEN)
    Path("tapelint.toml").write_text('output-format = "junit"\n')
    monkeypatch.setenv("TAPELINT_OUTPUT_FORMAT", "github")
    assert tapelint("train.py").out.startswith("::error ")
    assert tapelint("train.py", "--output-format", "grouped").out.startswith("train.py:\n")
    monkeypatch.setenv("TAPELINT_OUTPUT_FORMAT", "githib")
    told = tapelint("train.py")
    assert told.status == 2
    assert "github" in told.err


@pytest.mark.parametrize("format", OUTPUT_FORMATS)
def test_what_is_suppressed_is_in_no_report(format: str) -> None:
    Path("train.py").write_text(BROKEN.replace("# noqa: TL201", "# noqa: TL101"))
    printed = tapelint("train.py", "--select", "TL101", "--output-format", format)
    assert printed.status == 0
    assert "TL101" not in printed.out


@pytest.mark.parametrize("format", OUTPUT_FORMATS)
def test_what_is_known_is_in_no_report(format: str) -> None:
    Path("train.py").write_text(BROKEN)
    tapelint("train.py", "--select", "TL101", "--baseline", "known.json", "--update-baseline")
    printed = tapelint("train.py", "--select", "TL101", "--baseline", "known.json", "--output-format", format)
    assert printed.status == 0
    assert "TL101" not in printed.out


@pytest.mark.parametrize("format", [name for name in OUTPUT_FORMATS if name not in (*FOR_PEOPLE, "json")])
def test_statistics_are_for_people_and_in_json(format: str) -> None:
    told = tapelint("--statistics", "--output-format", format)
    assert told.status == 2
    assert f"not as {format}; try `--output-format` full, concise, grouped or json" in told.err


@pytest.mark.parametrize("format", [*FOR_PEOPLE, "json", "github"])
def test_only_what_people_read_is_coloured(format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("train.py").write_text(BROKEN)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert ("\x1b[" in tapelint("train.py", "--output-format", format).out) is (format in FOR_PEOPLE)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in tapelint("train.py", "--output-format", format).out


def test_a_terminal_gets_colours_and_a_file_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr("sys.stdout", Terminal())
    assert Output("grouped").colour
    assert not Output("grouped", Path("report.txt")).colour


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_finding_in_a_notebook_is_on_a_line_of_its_file(jobs: int) -> None:
    for name in ("a.ipynb", "b.ipynb"):
        Path(name).write_text(notebook("# Study", BROKEN, prose=[1]))
    rows = Path("a.ipynb").read_text().splitlines()
    (line,) = (number for number, row in enumerate(rows, 1) if "grads = tape.gradient" in row)
    told = tapelint("--select", "TL101", "--jobs", jobs, "--output-format", "github").out.splitlines()
    assert [command.split(",title")[0] for command in told] == [
        f"::error file={name}.ipynb,line={line},endLine={line}" for name in "ab"
    ]


def test_github_counts_paths_from_the_checkout(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "models").mkdir()
    (here / "models" / "train.py").write_text(BROKEN)
    monkeypatch.chdir(here / "models")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(here))
    monkeypatch.setenv("CI_PROJECT_DIR", str(here))
    first, *_ = tapelint("train.py", "--select", "TL101", "--output-format", "github").out.splitlines()
    assert first.startswith(f"::error file=models/train.py,line={LINE},")
    (issue,) = json.loads(tapelint("train.py", "--select", "TL101", "--output-format", "gitlab").out)
    assert issue["location"]["path"] == "models/train.py"
