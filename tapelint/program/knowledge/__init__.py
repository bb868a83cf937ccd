"""What library calls do, as data: tables of canonical names, apart from the engine and from the checks."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    """The table `name`.toml of this folder."""
    return tomllib.loads((files(__name__) / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def canonical(name: str) -> str:
    """The one name tapelint uses for a library object: `tf.keras.optimizers.legacy.Adam` is `keras.optimizers.Adam`."""
    names = table("names")
    while True:
        prefix = name
        while prefix and prefix not in names["prefixes"]:
            prefix = prefix.rpartition(".")[0]
        if not prefix or names["prefixes"][prefix] == prefix:
            break
        name = names["prefixes"][prefix] + name[len(prefix) :]
    module, _, last = name.rpartition(".")
    if module in ("keras.losses", "keras.metrics") and (last in names["losses"] or last[:1].islower()):
        # A loss function is one thing under either module.
        return f"keras.losses.{names['losses'].get(last, last)}"
    return name


@cache
def class_kind(name: str) -> str | None:
    """The kind of object that calling the library class `name` makes; None for a function or an unknown class."""
    classes = table("kinds")["classes"]
    if name in classes:
        return str(classes[name])
    module, _, last = name.rpartition(".")
    while module:
        if last[:1].isupper() and f"{module}.*" in classes:
            return str(classes[f"{module}.*"])
        module = module.rpartition(".")[0]
    return None


def returned_kind(op: str) -> str | None:
    """The kind of object that calling the library function `op` returns."""
    kind: str | None = table("kinds")["returns"].get(op)
    return kind


def base_class(kind: str) -> str:
    """The class that defines the methods of a kind."""
    name: str = table("kinds")["base"].get(kind, kind)
    return name


@cache
def matches(name: str, section: str, row: str, file: str = "tensors") -> bool:
    """Whether `name` is in the list `row` of a section of a table; a trailing `*` there stands for any end."""
    rows = table(file)[section][row]
    return name in rows or any(pattern.endswith("*") and name.startswith(pattern[:-1]) for pattern in rows)
