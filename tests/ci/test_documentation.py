"""What docs/ci.md tells people to write: its commands are run, its configuration is held against published schemas."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tapelint.source.markdown import Fence, fences
from tests.ci.repositories import ROOT, SURROUNDINGS, git, new_repository
from tests.cli.commands import BROKEN, tapelint

FENCES = list(fences((ROOT / "docs" / "ci.md").read_text(encoding="utf-8")))
COMMANDS = [
    line.partition("  #")[0].partition(" | ")[0]
    for fence in FENCES
    if fence.language == "sh"
    for line in fence.text.splitlines()
    if "--watch" not in line
]
KNOWN = {"--update-baseline", "--add-ignore=before our time", "--exit-zero"}


def written(language: str, word: str) -> list[Fence]:
    return [fence for fence in FENCES if fence.language == language and word in fence.text]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone, with a finding that its origin does not have, and a baseline without it."""
    new_repository(tmp_path / "origin", {"README.md": "", "tapelint-baseline.json": '{"version": 1, "findings": []}'})
    git(tmp_path, "clone", "--quiet", "origin", "clone")
    monkeypatch.chdir(tmp_path / "clone")
    Path("src").mkdir()
    Path("src/train.py").write_text(BROKEN)
    return tmp_path / "clone"


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_does_what_is_said(command: str) -> None:
    program, *arguments = shlex.split(command)
    assert program == "tapelint"
    told = tapelint(*arguments)
    assert told.status == (0 if KNOWN.intersection(arguments) else 1), told.err


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 6


def schema_of(text: str) -> str:
    if "runs-on:" in text:
        return "vendor.github-workflows"
    return "vendor.gitlab-ci" if "include:" in text or "image:" in text else ""


WHOLE = [fence.text for fence in written("yaml", "") if schema_of(fence.text)]


@pytest.mark.parametrize("number", range(len(WHOLE)))
def test_a_file_has_the_form_of_the_published_schema(number: int, tmp_path: Path) -> None:
    path = tmp_path / "part.yml"
    path.write_text(WHOLE[number])
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema_of(WHOLE[number]), str(path)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout


def test_the_inputs_are_those_of_the_action_and_the_component() -> None:
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    assert set(re.findall(r"(?m)^\| `([\w-]+)` \|", page)) == set(action)
    for fence in FENCES:
        for given in re.findall(r"uses: tapelint/tapelint@main\n +with:\n((?: +[\w-]+: .*\n)+)", fence.text):
            assert set(yaml.safe_load(given)) <= set(action)
    header = yaml.safe_load((ROOT / "templates" / "tapelint.yml").read_text(encoding="utf-8").split("\n---\n")[0])
    (included,) = written("yaml", "component:")
    assert set(yaml.safe_load(included.text)["include"][0]["inputs"]) <= set(header["spec"]["inputs"])


def test_the_hooks_are_there() -> None:
    (fence,) = written("yaml", "- repo:")
    (repository,) = yaml.safe_load(fence.text)["repos"]
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    assert {hook["id"] for hook in repository["hooks"]} == hooks


@pytest.mark.parametrize(("variables", "start"), [({}, "error[TL101"), ({"CI": "true"}, "::error ")])
def test_the_recipe_for_make(repository: Path, tmp_path: Path, variables: dict[str, str], start: str) -> None:
    (fence,) = written("make", "lint:")
    (repository / "Makefile").write_text(fence.text)
    (tmp_path / "tapelint").write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m tapelint "$@"\n')
    (tmp_path / "tapelint").chmod(0o755)
    surroundings = SURROUNDINGS | {"PATH": f"{tmp_path}:{SURROUNDINGS['PATH']}"} | variables
    told = subprocess.run(
        ["make", "--silent", "lint"], cwd=repository, env=surroundings, capture_output=True, text=True, check=False
    )
    assert told.returncode == 2
    assert told.stdout.startswith(start), told.stderr
