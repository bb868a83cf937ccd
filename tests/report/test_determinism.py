import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pathlib import Path
from tapelint.finding import Verdict
from tapelint.report import concise, full, json, lsp, statistics
from tests.report.programs import outcome
run = outcome("«a»; «b»\\n'\N{ROCKET}', «c»\\n", verdict=Verdict("confirmed", "seen"), path=Path("train.py"))
format = {"concise": concise, "full": full, "json": json, "lsp": lsp, "statistics": statistics}[sys.argv[1]]
sys.stdout.buffer.write(format.render(run).encode())
"""


@pytest.mark.parametrize("name", ["concise", "full", "json", "lsp", "statistics"])
def test_a_report_does_not_depend_on_the_order_of_hashes(name: str) -> None:
    one, two = (rendered(name, seed) for seed in ("1", "2"))
    assert one == two
    assert b"TL101" in one


def rendered(name: str, seed: str) -> bytes:
    """The report of one run in a process of its own, whose hashes follow the seed."""
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, name], capture_output=True, check=True, env=environment
    ).stdout
