"""Steps audited from Python: the functions of four modules, which say themselves what comes out.

All of them run in a process of their own, because they bring TensorFlow, which a process that forks should not have.
"""

import ast
import json
import subprocess
import sys
from operator import attrgetter
from pathlib import Path

import pytest

from tests.forking import Forker

ROOT = Path(__file__).parents[2]
MODULES = ("distributed", "steps", "comparisons", "incomparable")
HELPERS = ("unsound", "net", "audited", "global_mean", "names", "differing", "what_matches")

PROGRAM = """\
import importlib, json, sys, traceback
sys.path.insert(0, {root!r})
endings = {{}}
for module, name in {audits!r}:
    try:
        getattr(importlib.import_module("tests.probe." + module), name)()
        endings[name] = ""
    except BaseException:
        endings[name] = traceback.format_exc()
print()
print(json.dumps(endings))
"""

# One process serves them all.
pytestmark = pytest.mark.xdist_group("audit")


def functions(module: str) -> list[str]:
    """The audits in a module, which is read and not imported."""
    tree = ast.parse(Path(__file__).with_name(f"{module}.py").read_text(encoding="utf-8"))
    return [each.name for each in tree.body if isinstance(each, ast.FunctionDef) and each.name not in HELPERS]


AUDITS = [(module, name) for module in MODULES for name in functions(module)]


@pytest.fixture(scope="module")
def endings(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> dict[str, str]:
    """What each of the audits that are asked for raised, by its name; nothing if it is content."""
    asked = {item.name for item in request.session.items}
    audits = [audit for audit in AUDITS if f"test_an_audit[{audit[1]}]" in asked]
    program = tmp_path_factory.mktemp("audits") / "program.py"
    program.write_text(PROGRAM.format(root=str(ROOT), audits=audits), encoding="utf-8")
    with Forker() as forker:
        ending = forker.run(program)
    assert ending.status == 0, ending.output
    endings: dict[str, str] = json.loads(ending.output.splitlines()[-1])
    return endings


@pytest.mark.parametrize("name", [name for _, name in AUDITS])
def test_an_audit(endings: dict[str, str], name: str) -> None:
    assert endings[name] == ""


def test_importing_it_does_not_import_tensorflow() -> None:
    program = (
        "import sys, tapelint.probe, tapelint.probe.plugin; from tapelint.probe import audit_step; "
        "assert not {'tensorflow', 'keras', 'libcst'} & sys.modules.keys()"
    )
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr


def test_there_is_nothing_else_to_import() -> None:
    import tapelint.probe

    with pytest.raises(AttributeError, match="has no attribute 'audit'"):
        attrgetter("audit")(tapelint.probe)
