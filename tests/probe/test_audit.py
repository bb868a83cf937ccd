"""Steps audited from Python, each in a fork of a process that has TensorFlow; they say themselves what comes out."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forking import Forker

ROOT = Path(__file__).parents[2]
HELPERS = ("unsound", "net", "audited", "names", "differing", "what_matches")


def functions(module: str) -> list[str]:
    """The audits in a module beside this one, which is not imported here: it would bring TensorFlow."""
    tree = ast.parse(Path(__file__).with_name(f"{module}.py").read_text(encoding="utf-8"))
    return [each.name for each in tree.body if isinstance(each, ast.FunctionDef) and each.name not in HELPERS]


AUDITS = [(module, name) for module in ("steps", "comparisons") for name in functions(module)]

# One process serves them all.
pytestmark = pytest.mark.xdist_group("audit")


@pytest.fixture(scope="module")
def forker() -> Iterator[Forker]:
    with Forker() as forker:
        yield forker


@pytest.mark.parametrize(("module", "name"), AUDITS)
def test_an_audit(forker: Forker, module: str, name: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    text = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom tests.probe.{module} import {name}\n{name}()\n"
    program.write_text(text, encoding="utf-8")
    ending = forker.run(program)
    assert ending.status == 0, ending.output


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
        tapelint.probe.audit  # noqa: B018
