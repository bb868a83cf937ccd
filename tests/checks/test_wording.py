"""How messages name what the user wrote."""

import pytest

from tapelint.checks.wording import argument, callee, owner, quoted
from tests.program.reading import named, program

CALLEES = {
    "model(x)": "`model`",
    "models[0](x)": "`models[0]`",
    "make()(x)": "`make()`",
    "model.fit(x)": "`model`",
    "self.a.b.fit(x)": "`self.a.b`",
    "(a or b)(x)": "the model",
    "a_very_long_name_indeed.that_has.many_more.parts_than_fit(x)": "the model",
}


@pytest.mark.parametrize("text", CALLEES)
def test_what_is_called(text: str) -> None:
    read = program(text)
    call = next(call for call in reversed(read.trace.calls) if call.arguments)
    expected = CALLEES[text]
    assert callee(read, call, "the model") == expected


ARGUMENTS = {
    "reveal(a, b)": "b",
    "reveal(a, k=b)": "b",
    "reveal(a, k=b.c[0])": "b.c[0]",
    "reveal(a, f(b))": "f(…)",
    "reveal(a, f())": "f()",
    "reveal(a)": None,
    "reveal(a, b + c)": None,
    "reveal(a, 'text')": "'text'",
}


@pytest.mark.parametrize("text", ARGUMENTS)
def test_the_spelling_of_an_argument(text: str) -> None:
    read = program(text)
    (call,) = named(read, "reveal")
    assert argument(read, call, 1, "k") == ARGUMENTS[text]


def test_an_expression_is_quoted_if_it_is_short() -> None:
    def quotation(text: str) -> str:
        read = program(text)
        return quoted(read, read.trace.calls[-1].site, "the call")

    assert quotation("a.b(c)") == "`a.b(…)`"
    assert quotation("a.b()") == "`a.b()`"
    assert quotation("(a + b)(c)") == "the call"


OWNERS = {
    "model.trainable_variables": "`model`",
    "self.model.trainable_weights": "`self.model`",
    "variables": "`variables`",
    "[w, b]": "the model",
    "model.trainable_variables + more": "the model",
}


@pytest.mark.parametrize("sources", OWNERS)
def test_the_owner_of_variables(sources: str) -> None:
    text = f"import tensorflow as tf\nwith tf.GradientTape() as t: pass\nt.gradient(loss, {sources})"
    read = program(text)
    assert owner(read, read.gradients[0]) == OWNERS[sources]
    by_keyword = program(text.replace(", ", ", sources=", 1).replace("(loss", "(target=loss"))
    assert owner(by_keyword, by_keyword.gradients[0]) == OWNERS[sources]
