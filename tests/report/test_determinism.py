import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tapelint.run.settings import OUTPUT_FORMATS

PROGRAM = """
import json
from tapelint.cli.output import Output
from tapelint.report import statistics
from tapelint.report.html import plots
from tapelint.run.settings import OUTPUT_FORMATS
from tests.report import specimens
plots.available = lambda: False
run = specimens.everything()
reports = {name: Output(name).findings(run) for name in OUTPUT_FORMATS}
print(json.dumps({**reports, "statistics": statistics.render(run)}))
"""


@pytest.fixture(scope="module")
def twice() -> list[dict[str, str]]:
    """All reports of one run, from two processes whose hashes differ."""
    return [rendered(seed) for seed in ("1", "2")]


@pytest.mark.parametrize("name", [*OUTPUT_FORMATS, "statistics"])
def test_a_report_does_not_depend_on_the_order_of_hashes(name: str, twice: list[dict[str, str]]) -> None:
    one, two = (reports[name] for reports in twice)
    assert one == two
    assert "TL101" in one


def rendered(seed: str) -> dict[str, str]:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])}
    told = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True, env=environment)
    reports: dict[str, str] = json.loads(told.stdout)
    return reports
