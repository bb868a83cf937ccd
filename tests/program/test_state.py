"""What a name holds after branches, loops, early exits and exceptions."""

import pytest

from tests.program.reading import revealed

BRANCHES = {
    "one arm": ("a = 1\nif x: a = 2", "2 | 1"),
    "two arms": ("if x: a = 1\nelse: a = 2", "1 | 2"),
    "three arms": ("if x: a = 1\nelif y: a = 2\nelse: a = 3", "1 | 2 | 3"),
    "the same in both": ("if x: a = 1\nelse: a = 1", "1"),
    "a known test": ("if True: a = 1\nelse: a = 2", "1"),
    "a known failing test": ("if 0: a = 1\nelse: a = 2", "2"),
    "unbound in one arm": ("if x: a = 1", "1"),
    "nested": ("if x:\n  if y: a = 1\n  else: a = 2\nelse: a = 3", "1 | 2 | 3"),
    "an arm that raises": ("if x: a = 1\nelse: raise E", "1"),
    "an assertion": ("a = 1\nassert a == x", "1"),
    "a main guard": ("a = 1\nif __name__ == '__main__': a = 2", "2"),
    "match": ("a = 1\nmatch x:\n  case 1: a = 2\n  case [b]: a = 3", "2 | 3 | 1"),
    "what match binds": ("match x:\n  case [a, *b]: pass", "unknown"),
    "a walrus": ("a = 1\nif (a := 2) > x: pass", "2"),
    "a conditional expression": ("b = (a := 1) if x else (a := 2)", "1 | 2"),
    "an attribute": ("class A: pass\nb = A()\nb.c = 1\nif x: b.c = 2\na = b.c", "2 | 1"),
}


@pytest.mark.parametrize("case", BRANCHES)
def test_after_a_branch(case: str) -> None:
    text, after = BRANCHES[case]
    assert revealed(f"{text}\nreveal(a)") == [after]


def test_an_arm_sees_what_was_before_and_not_the_other_arm() -> None:
    assert revealed("a = 1\nif x:\n  a = 2\n  reveal(a)\nelse:\n  reveal(a)") == ["2", "1"]


# A loop is taken to run: what was before it is left only where some turn leaves it.
LOOPS = {
    "a value that one turn may leave": ("a = 1\nfor i in x:\n  if y: a = 2", "2 | 1"),
    "a constant": ("a = 1\nfor i in x: a = 2", "2"),
    "a constant that stays": ("a = 1\nfor i in x: pass", "1"),
    "bound inside": ("for i in x: a = 1", "1"),
    "the loop variable": ("for a in [1, 2]: pass", "1 | 2"),
    "while": ("a = 1\nwhile x: a = 2", "2"),
    "else": ("a = 1\nfor i in x: a = 2\nelse: a = 3", "3"),
    "break": ("a = 1\nfor i in x:\n  if y:\n    a = 2\n    break\n  a = 3", "2 | 3"),
    "continue": ("a = 1\nfor i in x:\n  if y:\n    a = 2\n    continue\n  a = 3", "2 | 3"),
    "what comes after break": ("a = 1\nfor i in x:\n  break\n  a = 2", "1"),
    "nested break": ("a = 1\nfor i in x:\n  for j in y:\n    a = 2\n    break\n  a = 3", "3"),
}


def _same_options(found: list[str], expected: str) -> bool:
    return len(found) == 1 and {*found[0].split(" | ")} - {"unknown"} == {*expected.split(" | ")}


@pytest.mark.parametrize("case", LOOPS)
def test_after_a_loop(case: str) -> None:
    text, after = LOOPS[case]
    found = revealed(f"{text}\nreveal(a)")
    assert _same_options(found, after), found


def test_a_variable_stands_for_its_values_on_every_turn() -> None:
    found = revealed("import tensorflow as tf\na = tf.zeros(3)\nfor i in x:\n  reveal(a)\n  a = tf.square(i)")
    assert found == ["tensorflow.zeros(3) | tensorflow.square(each of unknown)"]


def test_a_variable_that_is_carried_may_depend_on_itself() -> None:
    found = revealed("a = x\nfor i in y:\n  a = a + i\nreveal(a)")
    assert len(found) == 1
    assert found[0].startswith("unknown | (")


def test_a_counter_is_not_its_first_value() -> None:
    assert revealed("n = 0\nfor i in x:\n  n += 1\n  reveal(n)") == ["(0 | unknown + 1)"]


def test_two_variables_that_change_places_may_hold_either() -> None:
    text = "import tensorflow as tf\na, b = tf.zeros(1), tf.zeros(2)\nfor i in x:\n  a, b = b, a\nreveal(a, b)"
    both = {"tensorflow.zeros(1)", "tensorflow.zeros(2)"}
    assert [{*found.split(" | ")} for found in revealed(text)] == [both, both]


EXITS = {
    "return in one arm": ("if x: return 1\nreturn 2", "1 | 2"),
    "return in both": ("if x: return 1\nelse: return 2\nreturn 3", "1 | 2"),
    "no return": ("pass", "None"),
    "a bare return": ("return", "None"),
    "return in a loop": ("for i in x: return 1\nreturn 2", "1 | 2"),
    "return in try": ("try: return 1\nexcept E: return 2", "1 | 2"),
    "return in with": ("with x: return 1", "1"),
    "nothing after raise": ("raise E\nreturn 1", "None"),
    "match": ("match x:\n  case 1: return 1\n  case _: return 2", "1 | 2"),
}


@pytest.mark.parametrize("case", EXITS)
def test_what_a_function_returns(case: str) -> None:
    text, returned = EXITS[case]
    body = "".join(f"    {line}\n" for line in text.splitlines())
    assert revealed(f"def f():\n{body}reveal(f())") == [returned]


def test_an_early_return_ends_only_its_function() -> None:
    assert revealed("def f():\n  return 1\n  reveal(2)\nf()\nreveal(3)") == ["3"]


def test_what_was_written_before_an_early_return_may_hold_afterwards() -> None:
    text = """
        class A: pass
        a = A()
        a.b = 1
        def f():
            if x:
                a.b = 2
                return
            a.b = 3
        f()
        reveal(a.b)
    """
    assert revealed(text) == ["2 | 3"]


TRIES = {
    "no exception, or one": ("a = 1\ntry: a = 2\nexcept E: a = 3", {"2", "3"}),
    "else": ("a = 1\ntry: a = 2\nexcept E: pass\nelse: a = 3", {"3", "2"}),
    "finally": ("a = 1\ntry: a = 2\nfinally: a = 3", {"3"}),
    "raise": ("a = 1\ntry:\n  if x:\n    a = 2\n    raise E\n  a = 3\nexcept E: pass", {"2", "3"}),
    "the exception": ("try: pass\nexcept E as a: pass", {"unknown"}),
    "a handler that raises": ("try: a = 1\nexcept E: raise", {"1"}),
    "an import that may fail": (
        "try:\n  import tensorflow.keras as a\nexcept ImportError:\n  import keras as a",
        {"keras"},
    ),
}


@pytest.mark.parametrize("case", TRIES)
def test_after_a_try(case: str) -> None:
    text, after = TRIES[case]
    (found,) = revealed(f"{text}\nreveal(a)")
    assert {*found.split(" | ")} == after


def test_finally_runs_although_everything_raises() -> None:
    assert revealed("def f():\n  try:\n    raise E\n  finally:\n    reveal(1)\n  reveal(2)\nf()\nreveal(3)") == [
        "1",
        "3",
    ]


def test_finally_runs_after_a_return() -> None:
    assert revealed("def f():\n  try:\n    return 1\n  finally:\n    reveal(2)\nreveal(f())") == ["2", "1"]


def test_a_name_of_an_outer_function_is_seen_and_not_written() -> None:
    assert revealed("a = 1\ndef f():\n  a = 2\n  reveal(a)\nf()\nreveal(a)") == ["2", "1"]


def test_global_writes_the_module() -> None:
    assert revealed("a = 1\ndef f():\n  global a\n  a = 2\nf()\nreveal(a)") == ["2"]


def test_nonlocal_writes_the_function_around() -> None:
    text = """
        def f():
            a = 1
            def g():
                nonlocal a
                a = 2
            def h():
                a = 3
            g()
            h()
            reveal(a)
        f()
    """
    assert revealed(text) == ["2"]


def test_a_global_is_what_it_is_when_the_function_runs() -> None:
    assert revealed("def f():\n  reveal(a)\na = 1\nf()\na = 2\nf()") == ["1", "2"]
