"""The component for GitLab: its form, and its job as a runner takes it."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ci.repositories import ROOT, SURROUNDINGS, new_repository
from tests.cli.commands import BROKEN

COMPONENT = ROOT / "templates" / "tapelint.yml"


def documents(**inputs: str) -> list[Any]:
    """The header and the job, with the inputs put in as GitLab does."""
    header, job = COMPONENT.read_text(encoding="utf-8").split("\n---\n")
    declared = yaml.safe_load(header)["spec"]["inputs"]
    given = {name: said["default"] for name, said in declared.items()} | inputs
    told = re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda found: given[found[1]], job)
    return [yaml.safe_load(header), yaml.safe_load(told)]


@pytest.mark.parametrize("number", [0, 1], ids=["header", "job"])
def test_its_form_is_that_of_the_published_schema(number: int, tmp_path: Path) -> None:
    path = tmp_path / "part.yml"
    path.write_text(yaml.safe_dump(documents()[number]))
    options = ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    command = [sys.executable, "-m", "check_jsonschema", *options, str(path)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout


def test_the_job(tmp_path: Path) -> None:
    folder = new_repository(tmp_path / "repository", {"src/train.py": BROKEN})
    tools = tmp_path / "bin"
    tools.mkdir()
    # Stands in for pip alone: what is installed is this tapelint.
    (tools / "python").write_text('#!/bin/sh\n[ "$2 $3" = "pip install" ]\n')
    (tools / "tapelint").write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m tapelint "$@"\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    job = documents(paths="src", args="--select TL101")[1]["tapelint"]
    script = "\n".join((*job["before_script"], *job["script"]))
    told = subprocess.run(
        ["sh", "-e", "-c", script],
        cwd=folder,
        env=SURROUNDINGS
        | job["variables"]
        | {"CI_PROJECT_DIR": str(folder), "PATH": f"{tools}:{SURROUNDINGS['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1, told.stderr
    assert "error[TL101 gradients-not-applied]" in told.stdout
    (issue,) = json.loads((folder / job["artifacts"]["reports"]["codequality"]).read_text())
    assert issue["location"]["path"] == "src/train.py"
