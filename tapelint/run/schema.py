"""The JSON schema of the configuration, for editors that complete it and complain about it."""

from typing import Any

from tapelint.catalog import rules
from tapelint.run.keys import KEYS, Key
from tapelint.run.kinds import RULE, SELECTOR
from tapelint.run.select import spellings

DIALECT = "http://json-schema.org/draft-07/schema#"
"""The dialect that the TOML plugins of editors understand."""

_TITLE = "Configuration of tapelint: `tapelint.toml`, or the table `tool.tapelint` of `pyproject.toml`"


def schema() -> dict[str, Any]:
    """The schema, with the rules that are there, those of plugins among them."""
    return {
        "$schema": DIALECT,
        "title": _TITLE,
        "type": "object",
        "properties": {key.name: _property(key) for key in KEYS.values()},
        "additionalProperties": False,
        "definitions": {
            SELECTOR: {"enum": [*spellings()]},
            RULE: {"enum": [name for rule in rules().values() for name in (rule.name, rule.code)]},
        },
    }


def _property(key: Key) -> dict[str, Any]:
    default = {} if key.default is None else {"default": _plain(key.default)}
    return {"description": key.summary, **default, **key.kind.schema()}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
