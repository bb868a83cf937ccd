"""Objects of a project's own classes: attributes, methods, inheritance, construction."""

import pytest

from tapelint.program import kinds
from tests.program.reading import given, revealed

CLASSES = {
    "a class attribute": ("class A:\n  b = 1\nreveal(A.b, A().b)", ["1", "1"]),
    "an attribute of the constructor": ("class A:\n  def __init__(self, b): self.b = b\nreveal(A(1).b)", ["1"]),
    "of another method": ("class A:\n  def f(self): self.b = 1\nreveal(A().b)", ["1"]),
    "of another method, in a branch": (
        "class A:\n  def f(self):\n    if x: self.b = 1\n    else: self.b = 2\nreveal(A().b)",
        ["1 | 2"],
    ),
    "of another method, unpacked": ("class A:\n  def f(self): self.b, self.c = 1, 2\nreveal(A().c)", ["2"]),
    "set from outside": ("class A: pass\na = A()\na.b = 1\nreveal(a.b)", ["1"]),
    "of two objects": (
        "class A:\n  def __init__(self, b): self.b = b\na, c = A(1), A(2)\nreveal(a.b, c.b)",
        ["1", "2"],
    ),
    "no such attribute": ("class A: pass\nreveal(A().b)", ["A object.b"]),
    "a method": ("class A:\n  def f(self, b): return self, b\nreveal(A().f(1))", ["(A object, 1)"]),
    "a method by its class": ("class A:\n  def f(self, b): return self, b\nreveal(A.f(2, 1))", ["(2, 1)"]),
    "a bound method": ("class A:\n  def f(self, b): return b\ng = A().f\nreveal(g(1))", ["1"]),
    "a method that calls another": (
        "class A:\n  def f(self): return self.g() + 1\n  def g(self): return 1\nreveal(A().f())",
        ["2"],
    ),
    "__call__": ("class A:\n  def __call__(self, b): return b\nreveal(A()(1))", ["1"]),
    "__call__ by name": ("class A:\n  def __call__(self, b): return b\nreveal(A().__call__(1))", ["1"]),
    "__enter__": ("class A:\n  def __enter__(self): return 1\nwith A() as a: reveal(a)", ["1"]),
    "without __enter__": ("class A: pass\nwith A() as a: reveal(a)", ["A object"]),
    "a constant of the class body": ("class A:\n  b = 1\n  c = b + 1\nreveal(A.c)", ["2"]),
    "the class body is not seen from methods": (
        "b = 5\nclass A:\n  b = 1\n  def f(self): return b\nreveal(A().f())",
        ["5"],
    ),
    "a nested class": ("class A:\n  class B:\n    c = 1\nreveal(A.B().c)", ["1"]),
    "a class made in a function": (
        "def f(n):\n  class A:\n    def g(self): return n\n  return A\nreveal(f(1)().g())",
        ["1"],
    ),
    "an object in an object": (
        "class A:\n  def __init__(self): self.b = 1\nclass C:\n  def __init__(self): self.a = A()\nreveal(C().a.b)",
        ["1"],
    ),
    "a chain of methods": (
        "class A:\n  def f(self): return self\n  def g(self): return 1\nreveal(A().f().f().g())",
        ["1"],
    ),
    "a class as a value": ("class A:\n  b = 1\ndef f(cls): return cls()\nreveal(f(A).b)", ["1"]),
    "a setter": (
        "class A:\n  @property\n  def b(self): return self._b\n  @b.setter\n  def b(self, v): "
        "self._b = v\na = A()\nreveal(a.c)",
        ["A object.c"],
    ),
}


@pytest.mark.parametrize("case", CLASSES)
def test_a_class(case: str) -> None:
    text, expected = CLASSES[case]
    assert revealed(text) == expected


INHERITANCE = {
    "a method of the base": ("class A:\n  def f(self): return 1\nclass B(A): pass\nreveal(B().f())", ["1"]),
    "an overridden method": (
        "class A:\n  def f(self): return 1\nclass B(A):\n  def f(self): return 2\nreveal(B().f())",
        ["2"],
    ),
    "a template method": (
        "class A:\n  def f(self): return self.g()\n  def g(self): return 1\n"
        "class B(A):\n  def g(self): return 2\nreveal(B().f())",
        ["2"],
    ),
    "super": (
        "class A:\n  def f(self): return 1\nclass B(A):\n  def f(self): return super().f() + 1\nreveal(B().f())",
        ["2"],
    ),
    "super with arguments": (
        "class A:\n  def f(self): return 1\nclass B(A):\n  def f(self): return super(B, self).f() + 1\nreveal(B().f())",
        ["2"],
    ),
    "super of super": (
        "class A:\n  def f(self): return 1\nclass B(A):\n  def f(self): return super().f() + 1\n"
        "class C(B):\n  def f(self): return super().f() + 1\nreveal(C().f())",
        ["3"],
    ),
    "the constructor of the base": (
        "class A:\n  def __init__(self, a): self.a = a\n"
        "class B(A):\n  def __init__(self): super().__init__(1)\nreveal(B().a)",
        ["1"],
    ),
    "the base's constructor, inherited": (
        "class A:\n  def __init__(self, a): self.a = a\nclass B(A): pass\nreveal(B(1).a)",
        ["1"],
    ),
    "the base by name": (
        "class A:\n  def __init__(self, a): self.a = a\n"
        "class B(A):\n  def __init__(self): A.__init__(self, 1)\nreveal(B().a)",
        ["1"],
    ),
    "two bases": (
        "class A:\n  a = 1\nclass B:\n  a = 2\n  b = 3\nclass C(A, B): pass\nreveal(C().a, C().b)",
        ["1", "3"],
    ),
    "an attribute that the base's method sets": (
        "class A:\n  def f(self): self.a = 1\nclass B(A): pass\nreveal(B().a)",
        ["1"],
    ),
    "an unknown base": ("class A(x.B):\n  def f(self): return self.g, 1\nreveal(A().f()[1])", ["1"]),
}


@pytest.mark.parametrize("case", INHERITANCE)
def test_inheritance(case: str) -> None:
    text, expected = INHERITANCE[case]
    assert revealed(text) == expected


DATACLASSES = {
    "positional": "A(1, 2)",
    "by keyword": "A(c=2, b=1)",
    "mixed": "A(1, c=2)",
}


@pytest.mark.parametrize("case", DATACLASSES)
def test_a_dataclass_holds_its_fields(case: str) -> None:
    cls = "import dataclasses\n@dataclasses.dataclass\nclass A:\n  b: int\n  c: int = 5\n"
    assert revealed(f"{cls}a = {DATACLASSES[case]}\nreveal(a.b, a.c)") == ["1", "2"]


def test_a_field_has_a_default() -> None:
    assert revealed(
        "from dataclasses import dataclass\n@dataclass\nclass A:\n  b: int\n  c: int = 5\nreveal(A(1).c)"
    ) == ["5"]


def test_a_class_decorator_is_no_obstacle() -> None:
    assert revealed("@x.register('a')\nclass A:\n  b = 1\nreveal(A().b)") == ["1"]


def test_a_metaclass_is_no_obstacle() -> None:
    assert revealed("class M(type): pass\nclass A(metaclass=M):\n  b = 1\nreveal(A().b)") == ["1"]


def test_methods_that_nobody_calls_run_on_one_object() -> None:
    text = """
        class Trainer:
            def __init__(self, model):
                self.model = model
            def one(self):
                self.model.fit(1)
                reveal(self.model)
            def two(self):
                self.model.fit(2)
                reveal(self.model)
    """
    assert revealed(text) == ["model", "model"]


def test_a_method_runs_on_the_object_that_was_made() -> None:
    text = """
        class Trainer:
            def __init__(self, model):
                self.model = model
            def fit(self):
                self.model.fit(1)
                reveal(self.model)
        trainer = Trainer(7)
    """
    assert revealed(text) == ["7"]


def test_looking_for_an_attribute_is_no_part_of_the_program() -> None:
    text = """
        class A:
            def f(self):
                self.b = 1
                reveal(2)
        A().b
    """
    assert revealed(text) == []


KINDS = {
    "class A(keras.Model): pass": "model",
    "class B(keras.Model): pass\nclass A(B): pass": "model",
    "class A(keras.layers.Layer): pass": "layer",
    "class A(tf.keras.losses.Loss): pass": "loss",
    "class A(keras.metrics.Metric): pass": "metric",
    "class A(keras.callbacks.Callback): pass": "callback",
    "class A(keras.optimizers.Optimizer): pass": "optimizer",
    "class A(x, keras.Model): pass": "model",
    "class A(x): pass": None,
    "class A: pass": None,
    "class A(tf.GradientTape): pass": "tape",
    "class A(keras.optimizers.schedules.LearningRateSchedule): pass": "schedule",
    "class A(keras.utils.Sequence): pass": "pydataset",
}


@pytest.mark.parametrize("text", KINDS)
def test_an_object_has_the_kind_of_its_library_base(text: str) -> None:
    found = kinds.of(given(f"import tensorflow as tf\nfrom tensorflow import keras\n{text}\nreveal(A())"))
    assert found == KINDS[text]
