"""What CONTRIBUTING says of a rule: it is its page and its check, and nothing else."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tapelint.run.pages import SCRIPT, programs

ROOT = Path(__file__).parents[1]
RULE = "gradient-inside-tape"
PAGE = Path("rules") / f"{RULE}.md"
CHECK = Path("tapelint/checks/tapes.py")


def test_the_diff_is_what_the_files_hold() -> None:
    diff = re.search(r"```diff\n(.*?)\n```\n", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    assert diff
    added: dict[str, list[str]] = {}
    for line in diff[1].splitlines():
        if line.startswith("diff --git"):
            name = line.rpartition(" b/")[2]
        elif line.startswith("+"):
            added.setdefault(name, []).append(line[1:])
    assert set(added) == {str(PAGE), str(CHECK)}
    for name, lines in added.items():
        assert "\n".join(lines) in (ROOT / name).read_text(encoding="utf-8")


def test_a_rule_is_its_page_and_its_check(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tapelint", tmp_path / "tapelint", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    (broken,) = (each for each in programs() if each.rule.name == each.part == RULE)
    (tmp_path / SCRIPT).write_text(broken.files[SCRIPT], encoding="utf-8")
    assert found(tmp_path) == {RULE}
    page, check = (tmp_path / PAGE).read_text(encoding="utf-8"), (tmp_path / CHECK).read_text(encoding="utf-8")
    (tmp_path / PAGE).unlink()
    (tmp_path / CHECK).write_text(without_function(check, RULE.replace("-", "_")), encoding="utf-8")
    assert found(tmp_path) == set()
    (tmp_path / PAGE).write_text(page, encoding="utf-8")
    (tmp_path / CHECK).write_text(check, encoding="utf-8")
    assert found(tmp_path) == {RULE}


def found(folder: Path) -> set[str]:
    """The rules that the copy of tapelint in a folder finds broken in the script there."""
    told = subprocess.run(
        [sys.executable, "-m", "tapelint", "check", "--isolated", "--output-format", "json", SCRIPT],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode in (0, 1), told.stderr
    return {finding["rule"] for finding in json.loads(told.stdout)["findings"]} & {RULE}


def without_function(text: str, name: str) -> str:
    """A module without one of its functions and its decorators."""
    function = next(node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == name)
    lines = text.splitlines(keepends=True)
    return "".join(lines[: function.decorator_list[0].lineno - 1] + lines[function.end_lineno :])
