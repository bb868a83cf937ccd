"""The commands and options in docs/command-line.md: what each command says of itself when it is asked for help.

`make index` writes them again.
"""

from pathlib import Path

from typer.testing import CliRunner

from tapelint.cli.app import application

PAGE = Path(__file__).parent / "command-line.md"
HEADING = "## Commands\n"
_WIDTH = {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"}


def commands() -> str:
    """The commands, a section each."""
    names = [
        command.name or command.callback.__name__ for command in application().registered_commands if command.callback
    ]
    return "\n".join(f"### `tapelint {name}`\n\n```text\n{_help(name)}\n```\n" for name in names)


def written(page: str) -> str:
    """The page with the commands as they are today."""
    before, heading, _ = page.partition(HEADING)
    return f"{before}{heading}\n{commands()}"


def _help(name: str) -> str:
    answer = CliRunner().invoke(application(), [name, "--help"], prog_name="tapelint", env=_WIDTH)
    assert answer.exit_code == 0, answer.output
    return "\n".join(line.rstrip() for line in answer.output.strip().splitlines())


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
