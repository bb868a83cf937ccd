import json

import pytest

from tapelint import catalog
from tests.cli.commands import tapelint


@pytest.mark.parametrize("name", ["gradients-not-applied", "TL101", "tl101"])
def test_a_rule_by_any_of_its_names(name: str) -> None:
    told = tapelint("explain", name)
    assert told.status == 0
    assert told.out.startswith("# gradients-not-applied\n\n*TL101, correctness, error by default")
    assert "## Instead" in told.out
    assert "```toml" not in told.out


def test_a_rule_as_json() -> None:
    described = json.loads(tapelint("explain", "TL101", "--output-format", "json").out)
    assert (described["name"], described["code"], described["severity"]) == ("gradients-not-applied", "TL101", "error")
    assert described["text"].startswith("# gradients-not-applied")


def test_every_rule() -> None:
    told = tapelint("explain", "--all")
    assert len(told.out.splitlines()) == len(catalog.rules())
    described = json.loads(tapelint("explain", "--all", "--output-format", "json").out)
    assert [each["name"] for each in described] == list(catalog.rules())


def test_on_a_terminal_the_page_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapelint.cli.explain.on_a_terminal", lambda: True)
    told = tapelint("explain", "TL101")
    assert "gradients-not-applied" in told.out
    assert "```" not in told.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gradients-not-aplied"], "did you mean `gradients-not-applied`?"),
        ([], "explain which rule?"),
        (["TL101", "--all"], "explain which rule?"),
        (["TL101", "--output-format", "xml"], "must be one of full, json"),
    ],
)
def test_wrong_usage(arguments: list[str], words: str) -> None:
    told = tapelint("explain", *arguments)
    assert told.status == 2
    assert words in told.err
