"""The keys of the configuration in docs/configuration.md, and its JSON schema beside it: made of what the keys declare.

`make index` writes both again.
"""

import json
from pathlib import Path
from typing import Any

from tapelint.run.keys import KEYS, Key
from tapelint.run.schema import schema

PAGE = Path(__file__).parent / "configuration.md"
SCHEMA = Path(__file__).parent / "tapelint.schema.json"
HEADING = "## Keys\n"


def keys() -> str:
    """The keys, one section each."""
    return "\n".join(map(_section, KEYS.values()))


def written(page: str) -> str:
    """The page with the keys as they are today."""
    before, heading, _ = page.partition(HEADING)
    return f"{before}{heading}\n{keys()}"


def described() -> str:
    """The JSON schema as it is today."""
    return json.dumps(schema(), indent=2) + "\n"


def _section(key: Key) -> str:
    lines = [
        f"### `{key.name}`\n",
        f"{key.summary}\n",
        f"- Type: {key.kind.shape}",
        f"- Default: {_default(key)}",
    ]
    if key.adds:
        lines.append("- What a file says of it adds to what the file that it extends says")
    return "\n".join([*lines, f"\n```toml\n{key.name} = {key.example}\n```\n"])


def _default(key: Key) -> str:
    return "none" if key.default is None else f"`{_value(key.default)}`"


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    SCHEMA.write_text(described(), encoding="utf-8")
