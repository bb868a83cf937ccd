"""The action for GitHub: its form, and its steps as a runner takes them, on a small repository."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ci.repositories import ROOT, SURROUNDINGS, new_repository
from tests.cli.commands import BROKEN, LINE

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
INSTALL, LINT = ACTION["runs"]["steps"]
PLAIN = BROKEN.replace("  # noqa: TL201", "")
ANNOTATION = rf"::error .*file=train\.py,line={LINE},"

# Stands in for Python: notes what it is asked to do, and copies itself where a virtual environment would have its own.
RECORDER = """#!/bin/sh
printf "%s|" "$@" >> "{log}"
if [ "$2" = venv ]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; fi
"""


@dataclass
class Runner:
    """What GitHub's runner does with a step of an action: variables for its expressions, and bash for its script."""

    folder: Path
    home: Path
    tools: Path
    more: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home.mkdir()

    def run(self, step: dict[str, Any], /, *, action: Path = ROOT, **inputs: str) -> subprocess.CompletedProcess[str]:
        given = {f"inputs.{name}": said["default"] for name, said in ACTION["inputs"].items()}
        given |= {f"inputs.{name.replace('_', '-')}": text for name, text in inputs.items()}
        given |= {"github.action_path": str(action), "steps.install.outputs.bin": str(self.tools)}

        def told(text: str) -> str:
            return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: given[found[1]], text)

        (self.home / "script.sh").write_text(step["run"])
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(self.home / "script.sh")],
            cwd=self.folder / told(step.get("working-directory", ".")),
            env=SURROUNDINGS
            | {"RUNNER_TEMP": str(self.home), "PIP_CONSTRAINT": (ROOT / "constraints.txt").as_uri()}
            | {"GITHUB_OUTPUT": str(self.home / "outputs"), "GITHUB_WORKSPACE": str(self.folder)}
            | {name: told(text) for name, text in step["env"].items()}
            | self.more,
            capture_output=True,
            text=True,
            check=False,
        )

    def outputs(self) -> str:
        """What the steps have told the runner."""
        return (self.home / "outputs").read_text()


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner in a repository with a finding; the tapelint that it has installed is this one."""
    folder = new_repository(tmp_path / "a repository", {"train.py": PLAIN, "a b/clean.py": "import tensorflow as tf\n"})
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "python").symlink_to(sys.executable)
    (tools / "tapelint").write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m tapelint "$@"\n')
    (tools / "tapelint").chmod(0o755)
    return Runner(folder, tmp_path / "temporary", tools)


def test_its_form_is_that_of_the_published_schema() -> None:
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.github-actions",
        str(ROOT / "action.yml"),
    ]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout


def test_no_input_becomes_a_part_of_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
    used = {
        text for step in ACTION["runs"]["steps"] for text in (*step["env"].values(), step.get("working-directory", ""))
    }
    assert {f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"]} <= used


@pytest.mark.xdist_group("wheel")
def test_it_installs_what_it_belongs_to_and_lints(runner: Runner, wheel: Path) -> None:
    runner.more["PIP_NO_COMPILE"] = "1"
    installed = runner.run(INSTALL, action=wheel)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    name, _, place = runner.outputs().strip().partition("=")
    assert name == "bin"
    runner.tools = Path(place)
    told = runner.run(LINT)
    assert told.returncode == 1, told.stdout + told.stderr
    assert re.search(ANNOTATION, told.stdout)


def test_another_version_is_asked_of_the_package_index(runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "stand-in").mkdir()
    stand_in = tmp_path / "stand-in" / "python3"
    stand_in.write_text(RECORDER.format(log=tmp_path / "asked"))
    stand_in.chmod(0o755)
    runner.more["PATH"] = f"{stand_in.parent}{os.pathsep}{SURROUNDINGS['PATH']}"
    assert runner.run(INSTALL, version="0.1.0; echo").returncode == 0
    assert (tmp_path / "asked").read_text().endswith("|--disable-pip-version-check|tapelint==0.1.0; echo|")


def test_an_old_python_is_told(runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "old" / "python3").chmod(0o755)
    runner.more["PATH"] = f"{tmp_path / 'old'}{os.pathsep}{SURROUNDINGS['PATH']}"
    told = runner.run(INSTALL)
    assert told.returncode == 2
    assert (
        "::error title=tapelint::tapelint needs Python 3.11 or newer: put actions/setup-python before it" in told.stdout
    )


def test_paths_options_and_sarif(runner: Runner) -> None:
    told = runner.run(LINT, paths="a b/clean.py\n\ntrain.py", args='--select "TL1,TL2"', sarif_file="found.sarif")
    assert told.returncode == 1, told.stderr
    assert re.search(ANNOTATION, told.stdout)
    assert runner.outputs() == "sarif-file=found.sarif\n"
    (run,) = json.loads((runner.folder / "found.sarif").read_text())["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["TL101"]


def test_annotations_name_files_from_the_checkout(runner: Runner) -> None:
    (runner.folder / "a b" / "more.py").write_text(PLAIN)
    told = runner.run(LINT, working_directory="a b")
    assert told.returncode == 1, told.stderr
    assert f"file=a b/more.py,line={LINE}," in told.stdout


def test_nothing_to_report(runner: Runner) -> None:
    told = runner.run(LINT, working_directory="a b", output_format="concise")
    assert (told.returncode, told.stdout) == (0, "no findings in 1 file\n"), told.stderr


@pytest.mark.parametrize(
    "inputs",
    [
        {"args": "$(touch gone) `touch gone` ; touch gone"},
        {"args": '--select "TL1'},
        {"paths": "$(touch gone)\n--exit-zero"},
        {"output_format": "json; touch gone"},
    ],
)
def test_what_is_no_option_and_no_path_does_nothing(runner: Runner, inputs: dict[str, str]) -> None:
    told = runner.run(LINT, action=ROOT, **inputs)
    assert told.returncode == 2, told.stdout
    assert not (runner.folder / "gone").exists()
