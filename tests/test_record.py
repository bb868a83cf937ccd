"""Records survive as JSON, and what is no record is refused with the reason."""

import dataclasses
import json
import math
import typing
from types import UnionType
from typing import Any, Literal

import pytest

from tapelint.record import DamagedRecord, Record, from_json, to_json

BARE = Record("train.py", (), False, "finished", "ran to its end", 1.5)


def example(kind: Any) -> Any:
    """A value of the type, with every part of it filled in."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return kind(**{field.name: example(field.type) for field in dataclasses.fields(kind)})
    if origin is Literal:
        return arguments[0]
    if origin is UnionType:
        return example(arguments[0])
    if origin is tuple:
        return tuple(example(argument) for argument in arguments if argument is not Ellipsis) * (
            2 if arguments[-1] is Ellipsis else 1
        )
    return {str: "`a`\n\u00e9\u2028", int: 7, float: 0.1, bool: True}[kind]


FULL = dataclasses.replace(example(Record), version=BARE.version)


def altered(record: Record, change: typing.Callable[[dict[str, Any]], Any]) -> str:
    value = json.loads(to_json(record))
    change(value)
    return json.dumps(value)


@pytest.mark.parametrize("record", [BARE, FULL], ids=["bare", "full"])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_record_comes_back_as_it_was(record: Record, indent: int | None) -> None:
    assert from_json(to_json(record, indent)) == record


def test_every_part_of_the_example_is_filled_in() -> None:
    assert all(getattr(FULL, field.name) for field in dataclasses.fields(FULL))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_survives_in_valid_json(value: float) -> None:
    text = to_json(dataclasses.replace(BARE, seconds=value))
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert repr(from_json(text).seconds) == repr(value)


def test_the_entries_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        FULL.gradients[0].number = 8


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(to_json(FULL)[:-20], "cut off", id="cut off"),
        pytest.param("", "cut off", id="empty"),
        pytest.param("[]", "has no version", id="another kind of JSON"),
        pytest.param('{"script": "train.py"}', "has no version", id="no version"),
        pytest.param(altered(BARE, lambda value: value.update(version=2)), "version 2, .* version 1", id="the future"),
        pytest.param(
            altered(BARE, lambda value: value.pop("end")), "incomplete: .* lacks `end`", id="a part is missing"
        ),
        pytest.param(altered(BARE, lambda value: value.update(mood=1)), "unknown part `mood`", id="a part too many"),
        pytest.param(altered(BARE, lambda value: value.update(end="bored")), "`record.end` is", id="an unknown word"),
        pytest.param(altered(BARE, lambda value: value.update(updates="4")), "`record.updates` is", id="a wrong type"),
        pytest.param(
            altered(BARE, lambda value: value.update(graph=1)), "`record.graph` is", id="a number for a truth"
        ),
        pytest.param(
            altered(BARE, lambda value: value.update(seconds=True)), "`record.seconds`", id="a truth for a number"
        ),
        pytest.param(altered(BARE, lambda value: value.update(fits={})), "`record.fits` is", id="no list"),
        pytest.param(altered(BARE, lambda value: value.update(where=3)), "`record.where` is", id="no entry"),
        pytest.param(
            altered(FULL, lambda value: value["gradients"][1]["where"].pop("line")),
            r"`record.gradients\[1\].where` lacks `line`",
            id="deep inside",
        ),
        pytest.param(
            altered(FULL, lambda value: value["versions"][0].append("more")), r"has 3 parts instead of 2", id="too long"
        ),
    ],
)
def test_what_is_damaged_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(DamagedRecord, match=words):
        from_json(text)
