import io

import pytest

from tapelint.report import terminal


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "on_terminal", "in_pipe"),
    [
        ({}, True, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "0"}, False, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, True),
    ],
)
def test_colours_follow_the_environment_and_the_terminal(
    environment: dict[str, str], on_terminal: bool, in_pipe: bool
) -> None:
    assert terminal.has_colour(Terminal(), environment) is on_terminal
    assert terminal.has_colour(io.StringIO(), environment) is in_pipe


def test_lines_of_a_file_have_no_end() -> None:
    assert terminal.width(io.StringIO(), {}) is None
    assert (terminal.width(Terminal(), {}) or 0) > 0


def test_the_width_can_be_told() -> None:
    assert terminal.width(io.StringIO(), {"COLUMNS": "72"}) == 72
    assert terminal.width(io.StringIO(), {"COLUMNS": "wide"}) is None
    assert terminal.width(io.StringIO(), {"COLUMNS": "0"}) is None
