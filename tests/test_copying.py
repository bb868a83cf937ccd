"""What can be copied from the pages for users: it is written in its language, and `tapelint` understands it."""

import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer.main
import yaml
from typer.core import TyperGroup

from tapelint.cli.app import application
from tapelint.source.markdown import Fence, fences

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))]
PROMPT = "$ "
WITHOUT_NAME = "check"


def blocks(*languages: str) -> Iterator[tuple[str, Fence]]:
    for page in PAGES:
        for fence in fences((ROOT / page).read_text(encoding="utf-8")):
            if fence.language in languages:
                yield f"{page}:{fence.line}", fence


def parse_python(text: str) -> None:
    compile(text, "a page", "exec")


def parse_shell(text: str) -> None:
    told = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True, check=False)
    if told.returncode:
        raise ValueError(told.stderr)


@pytest.mark.parametrize(
    ("language", "parse"),
    [
        ("json", json.loads),
        ("toml", tomllib.loads),
        ("yaml", yaml.safe_load),
        ("python", parse_python),
        ("sh", parse_shell),
    ],
)
def test_it_is_written_in_its_language(language: str, parse: Callable[[str], object]) -> None:
    seen = list(blocks(language))
    assert seen
    for place, fence in seen:
        try:
            parse(fence.text)
        except ValueError as error:
            pytest.fail(f"{place}: {error}")


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """Every call of tapelint that a page shows, with where it stands: the words behind the program's name."""
    for place, fence in blocks("sh", "console", "make"):
        for line in fence.text.splitlines():
            if fence.language == "console" and not line.startswith(PROMPT):
                continue
            for call in re.split(r"[|;]|&&", line.strip().removeprefix(PROMPT)):
                words = shlex.split(re.sub(r"\$\([^)]*\)", "", call), comments=True)
                if words[:1] == ["tapelint"]:
                    yield place, words[1:]


@pytest.fixture(scope="module")
def commands() -> dict[str, set[str]]:
    """The options of each command."""
    group = typer.main.get_command(application())
    assert isinstance(group, TyperGroup)
    return {
        name: {spelling for option in command.params for spelling in (*option.opts, *option.secondary_opts)}
        for name, command in group.commands.items()
    }


def test_tapelint_knows_every_command_and_option(commands: dict[str, set[str]]) -> None:
    seen = list(command_lines())
    assert len(seen) > 30
    for place, words in seen:
        name = words[0] if words and words[0] in commands else WITHOUT_NAME
        before_the_script = words[: words.index("--")] if "--" in words else words
        options = {word.partition("=")[0] for word in before_the_script if re.match(r"--?[a-z]", word)}
        assert options <= commands[name], place


def test_tapelint_is_called_by_no_other_name(commands: dict[str, set[str]]) -> None:
    """A command that does not exist would be taken for a path."""
    first = {words[0] for _, words in command_lines() if words and re.fullmatch(r"[a-z]+", words[0])}
    assert first - {"src"} <= commands.keys()
