"""What docs/editors.md says, held against the server, the VS Code extension, and the formats it is written in."""

import json
import re
import tomllib
from collections.abc import Iterator

from tapelint.lsp.configuration import Wishes
from tests.installation import ROOT

MANUAL = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
MANIFEST = json.loads((ROOT / "editors" / "vscode" / "package.json").read_text(encoding="utf-8"))
PROPERTIES = MANIFEST["contributes"]["configuration"]["properties"]


def rows(heading: str) -> set[str]:
    """The names in the first column of the tables under a heading."""
    chapter = MANUAL.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([^`]+)` \|", chapter, re.MULTILINE))


def blocks(language: str) -> Iterator[str]:
    yield from re.findall(rf"^```{language}\n(.*?)^```$", MANUAL, re.MULTILINE | re.DOTALL)


def test_the_settings_are_those_that_the_server_knows() -> None:
    complaints = Wishes.parse({name: object() for name in rows("Settings")}).complaints
    assert {re.split(r"[`.]", complaint)[2] for complaint in complaints} == rows("Settings")
    assert f"seconds (default {Wishes().probe_timeout:.0f})" in MANUAL


def test_the_settings_are_those_of_the_extension() -> None:
    assert set(PROPERTIES) == {f"tapelint.{name}" for name in rows("Settings")} | rows("Visual Studio Code")


def test_the_server_understands_what_the_extension_sends_by_default() -> None:
    said = {name.removeprefix("tapelint."): setting["default"] for name, setting in PROPERTIES.items()}
    assert Wishes.parse(said) == Wishes()


def test_the_configurations_can_be_read() -> None:
    assert [json.loads(block) for block in blocks("json")]
    assert [tomllib.loads(block) for block in blocks("toml")]
