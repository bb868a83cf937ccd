"""docs/command-line.md, held against the command line."""

import re

from docs import options
from tapelint.cli.app import application

PAGE = options.PAGE.read_text(encoding="utf-8")


def test_it_shows_what_the_commands_say_of_themselves() -> None:
    assert options.written(PAGE) == PAGE, "`make index` writes it again"


def test_every_command_is_there() -> None:
    told = re.findall(r"^### `tapelint (\w+)`$", PAGE, flags=re.MULTILINE)
    assert len(told) == len(application().registered_commands)
    assert {"check", "probe", "explain", "show", "config", "lsp"} <= set(told)


def test_no_option_that_it_names_is_unknown() -> None:
    """But those of ruff, in the first column of a table."""
    prose = PAGE.partition(options.HEADING)[0]
    theirs = {row.partition("|")[0] for row in re.findall(r"^\| (.*) \|$", prose, flags=re.MULTILINE)}
    named = set(re.findall(r"`(--[a-z-]+)`", prose)) - set(re.findall(r"`(--[a-z-]+)`", " ".join(theirs)))
    taken = set(re.findall(r"--[a-z-]+", PAGE.partition(options.HEADING)[2]))
    assert named - taken <= {"--install-completion"}
    assert len(named) > 10
