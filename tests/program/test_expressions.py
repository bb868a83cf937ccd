"""What expressions denote."""

import pytest

from tests.program.reading import revealed

FOLDED = {
    "1 + 2 * 3": "7",
    "7 / 2": "3.5",
    "7 % 4": "3",
    "2 ** 10": "1024",
    "-3": "-3",
    "not 0": "True",
    "'a' + 'b'": "'ab'",
    "3 < 4": "True",
    "3 == 4": "False",
    "1 if True else 2": "1",
    "1 if '' else 2": "2",
    "0 or 5": "5",
    "0 and 5": "0",
    "None or 5": "5",
    "None is None": "True",
    "3 is not None": "True",
    "[] is None": "False",
    "len([1, 2, 3])": "3",
    "int(3.7)": "3",
    "float(3)": "3.0",
}


@pytest.mark.parametrize("text", FOLDED)
def test_constants_are_computed(text: str) -> None:
    assert revealed(f"reveal({text})") == [FOLDED[text]]


NOT_FOLDED = {
    "1 / 0": "(1 / 0)",
    "1 % 0": "(1 % 0)",
    "'a' * 9": "('a' * 9)",
    "2 ** 9999": "(2 ** 9999)",
    "9999999 ** 9": "(9999999 ** 9)",
    "'a' < 1": "('a' < 1)",
    "1 < 2 < 3": "(1 < 2 < 3)",
    "x + 1": "(unknown + 1)",
    "1 @ 2": "(1 @ 2)",
    "x and 1": "unknown | 1",
    "1 if x else 2": "1 | 2",
    "len(x)": "builtins.len(unknown)",
    "int('3')": "builtins.int('3')",
    "f'{x} of {1}'": "(unknown f-string 1)",
    "[1] * 3": "([1] * 3)",
}


@pytest.mark.parametrize("text", NOT_FOLDED)
def test_what_cannot_be_computed_stays_what_it_is_made_from(text: str) -> None:
    assert revealed(f"reveal({text})") == [NOT_FOLDED[text]]


DISPLAYS = {
    "[1, 2]": "[1, 2]",
    "(1, *[2, 3])": "(1, 2, 3)",
    "[1, *x]": "[1, each of unknown, …]",
    "{1, 2}": "{1, 2, …}",
    "[1] + [2]": "[1, 2]",
    "(1,) + (2,)": "(1, 2)",
    "[1] + (2,)": "([1] + (2))",
    "[1, 2][1]": "2",
    "[1, 2][-1]": "2",
    "[1, 2][5]": "1 | 2",
    "[1, 2][x]": "1 | 2",
    "[1, 2, 3][1:]": "[2, 3]",
    "[1, 2, 3][:-1]": "[1, 2]",
    "[1, 2, 3][::2]": "[1, 3]",
    "[1, 2, 3][:x]": "[1, 2, 3, …]",
    "[i for i in x][:-1]": "[each of unknown, …]",
    "x[0]": "unknown[0]",
    "x[1:, 'a']": "unknown[(1::, 'a')]",
    "{'a': 1, 'b': 2}['a']": "1",
    "{'a': 1, 'b': 2}[x]": "1 | 2",
    "{'a': 1}['b']": "{'a': 1}['b']",
    "{**{'a': 1}, 'b': 2}": "{'a': 1, 'b': 2}",
    "{x: 1, **y}": "{…: 1, …: unknown, …}",
    "{'a': 1}.get('a')": "1",
    "dict(a=1)['a']": "1",
    "list((1, 2))": "[1, 2]",
    "tuple([1, 2])": "(1, 2)",
    "list()": "[]",
    "[1, 2].copy()": "[1, 2]",
    "x[slice(1, None)]": "unknown[1::]",
}


@pytest.mark.parametrize("text", DISPLAYS)
def test_a_display_knows_its_items(text: str) -> None:
    assert revealed(f"reveal({text})") == [DISPLAYS[text]]


COMPREHENSIONS = {
    "[a for a in [1, 2]]": "[1, 2]",
    "[a for a in [1, 2] if a]": "[1, 2, …]",
    "[(a, b) for a, b in zip([1], [2])]": "[(1, 2), …]",
    "[a for a in x if a]": "[each of unknown, …]",
    "{a for a in [1]}": "{1, …}",
    "{'k': a for a in [1]}": "{'k': 1}",
    "{'k': a for a in x}": "{…: each of unknown, …}",
    "{'k': a for a in [1] if a}": "{…: 1, …}",
    "{a: b for a in [1, 2] for b in [3, 4]}": "{1: 4, 2: 4}",
    "list(a for a in [1])": "[1]",
    "[i + a for i, a in enumerate([1])]": "[(each of builtins.enumerate([1]) + 1), …]",
    "[a + b for a in [1, 2] for b in [10, 20]]": "[11, 21, 12, 22]",
    "[[b for b in a] for a in [[1], [2]]]": "[[1], [2]]",
}


@pytest.mark.parametrize("text", COMPREHENSIONS)
def test_a_comprehension_makes_samples_of_its_elements(text: str) -> None:
    assert revealed(f"reveal({text})") == [COMPREHENSIONS[text]]


def test_the_variable_of_a_comprehension_stays_inside() -> None:
    assert revealed("a = 1\nb = [a for a in [2]]\nreveal(a)") == ["1"]


ELEMENTS = {
    "[1, 2]": "1 | 2",
    "x": "each of unknown",
    "zip([1, 2], x)": "(1 | 2, each of unknown)",
    "enumerate([1])": "(each of builtins.enumerate([1]), 1)",
    "reversed([1, 2])": "1 | 2",
    "sorted(x)": "each of unknown",
    "range(3)": "each of builtins.range(3)",
    "{'a': 1}.items()": "(unknown, 1)",
    "{'a': 1}.values()": "1",
    "list(zip([1], [2]))": "(1, 2)",
    "enumerate(zip([1], [2]))": "(each of builtins.enumerate(builtins.zip([1], [2])), (1, 2))",
    "[1] if x else [2]": "1 | 2",
    "map(lambda a: a + 1, [1])": "2",
}


@pytest.mark.parametrize("text", ELEMENTS)
def test_a_loop_takes_elements(text: str) -> None:
    assert revealed(f"for each in {text}:\n    reveal(each)") == [ELEMENTS[text]]


def test_a_progress_bar_hands_out_what_it_shows() -> None:
    assert revealed("from tqdm import tqdm\nfor each in tqdm([1]):\n    reveal(each)") == ["1"]
    assert revealed("import tqdm.auto\nfor each in tqdm.auto.tqdm([1]):\n    reveal(each)") == ["1"]


UNPACKED = {
    "a, b = 1, 2": ["1", "2"],
    "(a, (b, c)) = 1, (2, 3)": ["1", "2"],
    "[a, b] = x": ["unknown[0]", "unknown[1]"],
    "a, *rest, b = 1, 2, 3, 4": ["1", "4"],
    "*rest, a, b = 1, 2, 3": ["2", "3"],
    "a = b = 1": ["1", "1"],
    "a, b = b, a = 1, 2": ["2", "1"],
    "(a := 1, b := a)": ["1", "1"],
    "a: int = 1\nb = a": ["1", "1"],
    "a = b = 1\na += 2": ["3", "1"],
    "a, b = {'k': (1, 2)}['k']": ["1", "2"],
}


@pytest.mark.parametrize("text", UNPACKED)
def test_a_target_takes_its_part(text: str) -> None:
    assert revealed(f"{text}\nreveal(a, b)") == UNPACKED[text]


def test_a_swap_swaps() -> None:
    assert revealed("a, b = 1, 2\na, b = b, a\nreveal(a, b)") == ["2", "1"]


ARGUMENTS = {
    "*[1, 2]": ["1", "2"],
    "*x": ["unknown"],
    "1, *(2,), 3": ["1", "2", "3"],
    "1, *x, *[2]": ["1", "unknown", "[2]"],
}


@pytest.mark.parametrize("text", ARGUMENTS)
def test_star_arguments_are_spread_where_their_number_is_known(text: str) -> None:
    assert revealed(f"reveal({text})") == ARGUMENTS[text]


def test_attributes_are_what_was_stored() -> None:
    assert revealed("a.b = 1\nreveal(a.b)") == ["unknown.b"]
    assert revealed("class A: pass\na = A()\na.b = 1\nc = a\nreveal(c.b)") == ["1"]


def test_items_are_what_was_stored() -> None:
    assert revealed("a = {}\na['k'] = 1\nreveal(a['k'])") == ["1"]
    assert revealed("a = {}\na[x] = 1\nreveal(a['k'], a[y])") == ["1", "1"]
    assert revealed("a = {}\na.update(x)\nreveal(a['k'])") == ["unknown"]
    assert revealed("a = {}\na.update({'k': 1})\nreveal(a['k'])") == ["1"]
    assert revealed("a = {}\na.setdefault('k', 1)\nreveal(a['k'])") == ["1"]
    assert revealed("a = [1]\na[0] = 2\nreveal(a)") == ["[1, 2, …]"]


def test_asking_twice_gives_the_same() -> None:
    assert revealed("reveal(x.a is x.a)") == ["(unknown.a is unknown.a)"]


GROWN = {
    "a.append(2)": "[1, 2]",
    "a.extend([2, 3])": "[1, 2, 3, …]",
    "a.insert(0, 2)": "[1, 2, …]",
    "a += [2]": "[1, 2]",
    "for i in x: a += [2]": "[1, 2, …]",
    "a += x": "[1, each of unknown, …]",
    "for i in x: a.append(i)": "[1, each of unknown, …]",
}


@pytest.mark.parametrize("text", GROWN)
def test_a_list_grows(text: str) -> None:
    assert revealed(f"a = [1]\n{text}\nreveal(a)") == [GROWN[text]]


def test_a_list_of_its_own_is_not_its_copy() -> None:
    assert revealed("a = [1]\nb = a\nc = list(a)\na.append(2)\nreveal(b, c)") == ["[1, 2]", "[1]"]


def test_a_dict_under_another_name_is_the_same_dict() -> None:
    assert revealed("a = {}\nb = a\nb['k'] = 1\nreveal(a['k'])") == ["1"]


def test_getattr_is_an_attribute() -> None:
    assert revealed("import tensorflow as tf\nreveal(getattr(tf, 'square'))") == ["tensorflow.square"]
    assert revealed("reveal(getattr(x, name))") == ["builtins.getattr(unknown, unknown)"]


def test_a_builtin_is_known_until_it_is_bound() -> None:
    assert revealed("reveal(len)\nlen = 1\nreveal(len)") == ["builtins.len", "1"]


def test_a_customary_name_stands_for_its_module() -> None:
    assert revealed("reveal(tf.square)") == ["tensorflow.square"]
    assert revealed("from a import *\nreveal(tf.square)") == ["unknown.square"]


def test_async_code_is_read_like_other_code() -> None:
    text = """
        import asyncio
        async def f():
            async with x as a, y:
                async for i in [1]:
                    reveal(i, [await j async for j in [2]])
            return 3
        async def g():
            reveal(await f())
        asyncio.run(g())
    """
    assert revealed(text) == ["1", "[2]", "3"]
