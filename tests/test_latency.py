"""The measurement of the language server's latency: that it measures what it says. How long that is, no test asks."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.latency import HELPERS, Measurement, Server, composed, measured, places, told

pytestmark = pytest.mark.xdist_group("lsp")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("latency"))
    yield server
    server.end()


def test_the_script_is_a_long_one_that_imports_others() -> None:
    script = composed(500)
    assert 500 <= script.count("\n") < 700
    imported = {
        alias.name for each in ast.walk(ast.parse(script)) if isinstance(each, ast.Import) for alias in each.names
    }
    assert imported >= set(HELPERS)
    assert script.count("tf.GradientTape(") >= 5


def test_it_is_changed_all_over() -> None:
    script = composed(500)
    spots = places(script, 30)
    assert len(set(spots)) == 30
    assert min(spots)[0] < 40
    assert max(spots)[0] > 460
    lines = script.splitlines()
    assert all(not lines[line][:column].strip() and lines[line][column:].strip() for line, column in spots)


def test_each_change_is_answered_for(server: Server, tmp_path: Path) -> None:
    script = "import tensorflow as tf\n\nx = tf.zeros(3)\ny = x\n"
    uri = (tmp_path / "train.py").as_uri()
    assert server.open(uri, script) == []
    found = measured(server, uri, script, 3)
    assert len(found) == 6
    assert all(each.clock > 0 and each.processor > 0 for each in found)
    assert server.memory() > 10
    # What came is gone again: the text is what it was.
    assert server.change(uri, 8, (3, 0), (3, 5), "y = x").clock > 0


def test_a_row_says_what_is_usual_and_what_is_seldom_more() -> None:
    rows = [Measurement(0.01 * number, 0) for number in range(101)]
    assert told("clock", [row.clock for row in rows]) == "clock        median   500 ms   95 % within   959 ms"
