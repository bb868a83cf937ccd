"""The JSON schema of the configuration: what it accepts, the loader accepts, and the other way round."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from docs import keys as documentation
from tapelint.run.config import ConfigError, checked, file_layers
from tapelint.run.keys import KEYS, Key
from tapelint.run.merge import merge
from tapelint.run.schema import schema
from tapelint.source.markdown import fences

VALIDATOR = Draft7Validator(schema())

every_key = pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.name)


def loads(table: dict[str, Any]) -> bool:
    """Whether the loader accepts a table, which then also makes settings."""
    try:
        layer = checked(table, Path("/"), lambda *inside: str(inside[0]))
    except ConfigError:
        return False
    merge([layer])
    return True


def example(key: Key) -> Any:
    return tomllib.loads(f"{key.name} = {key.example}")[key.name]


def test_the_schema_is_one() -> None:
    Draft7Validator.check_schema(schema())


@every_key
def test_the_example_is_right(key: Key) -> None:
    table = {key.name: example(key)}
    assert VALIDATOR.is_valid(table)
    assert loads(table)
    assert example(key) != key.default


@every_key
def test_the_default_is_right(key: Key) -> None:
    if key.default is not None:
        plain = json.loads(json.dumps(key.default))
        assert VALIDATOR.is_valid({key.name: plain})
        assert loads({key.name: plain})


SELECTORS = schema()["definitions"]["selector"]["enum"]
RULES = schema()["definitions"]["rule"]["enum"]
# Words that mean something to one key or another, and words that mean nothing to any.
WORDS = st.sampled_from(
    [
        *SELECTORS[:12],
        *RULES[:12],
        "error",
        "off",
        "json",
        "full",
        "2",
        "3",
        "keras",
        "shuffles",
        "evaluates",
        "a.b",
        "",
    ]
) | st.text("ab.*/!", min_size=1, max_size=4)
VALUES = st.recursive(
    st.booleans() | st.integers(-1, 3) | st.just(2.5) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([*KEYS, "selct"]), VALUES)
def test_schema_and_loader_agree(name: str, value: Any) -> None:
    table = {name: value}
    valid = VALIDATOR.is_valid(table)
    if loads(table):
        assert valid
    elif valid:
        # What no schema can say: a pattern or a version is wrong in itself, a helper does two things, a rule is there
        # by its name and by its code.
        assert KEYS[name].kind.shape.count("pattern") or name in ("required-version", "wrappers", "severity")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(SELECTORS), max_size=3), st.dictionaries(st.sampled_from(RULES), st.just("info")))
def test_every_rule_is_accepted_by_both(selected: list[str], levels: dict[str, str]) -> None:
    table = {"select": selected, "extend-ignore": selected, "per-file-ignores": {"a": selected}}
    assert VALIDATOR.is_valid(table | {"severity": levels})
    assert loads(table)


def test_the_documentation_has_every_key() -> None:
    page = documentation.PAGE.read_text(encoding="utf-8")
    assert page == documentation.written(page), "`make index` writes it again"
    assert all(f"### `{name}`" in page for name in KEYS)


def test_the_documentation_shows_configuration() -> None:
    blocks = [
        fence.text
        for fence in fences(documentation.PAGE.read_text(encoding="utf-8"))
        if fence.language == "toml" and not fence.text.startswith("#:schema")
    ]
    assert len(blocks) > len(KEYS)
    for block in blocks:
        table = tomllib.loads(block)
        assert loads(table["tool"]["tapelint"] if "tool" in table else table)


def test_the_documentation_shows_errors_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = ["[project]", "", "[tool.tapelint]", "per-file-ignore = {}", "", "select = [", '  "unreduced-los",', "]"]
    Path("pyproject.toml").write_text("\n".join(lines))
    with pytest.raises(ConfigError) as caught:
        file_layers(Path.cwd() / "pyproject.toml")
    told = "".join(f"error: {message}\n" for message in caught.value.messages)
    assert told in [fence.text for fence in fences(documentation.PAGE.read_text(encoding="utf-8"))]


def test_the_copy_for_editors_is_today_s() -> None:
    assert documentation.SCHEMA.read_text(encoding="utf-8") == documentation.described(), "`make index` writes it again"
