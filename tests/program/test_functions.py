"""What calls of a project's own functions do."""

import pytest

from tests.program.reading import called, named, program, revealed

PARAMETERS = {
    "def f(a, b): reveal(a, b)\nf(1, 2)": ["1", "2"],
    "def f(a, b): reveal(a, b)\nf(b=1, a=2)": ["2", "1"],
    "def f(a, b=2): reveal(a, b)\nf(1)": ["1", "2"],
    "def f(a, /, b, *, c): reveal(a, b, c)\nf(1, 2, c=3)": ["1", "2", "3"],
    "def f(a, *b, c=0): reveal(a, b, c)\nf(1, 2, 3, c=4)": ["1", "(2, 3)", "4"],
    "def f(a, **b): reveal(a, b)\nf(1, c=2)": ["1", "{'c': 2}"],
    "def f(a, b): reveal(a, b)\nf(*[1, 2])": ["1", "2"],
    "def f(a, b): reveal(a, b)\nf(**{'a': 1, 'b': 2})": ["1", "2"],
    "def f(a, b): reveal(a, b)\nf(1, **x)": ["1", "unknown"],
    "def f(a, b=3): reveal(a, b)\nf(*x)": ["unknown", "unknown"],
    "def f(*a, **b): g(*a, **b)\ndef g(a, b): reveal(a, b)\nf(1, b=2)": ["1", "2"],
    "def f(a): reveal(a)\nf()": ["a"],
    "def f(a=[1]): reveal(a)\nf()": ["[1]"],
    "n = 1\ndef f(a=n): reveal(a)\nn = 2\nf()": ["1"],
    "f = lambda a, b=2: reveal(a, b)\nf(1)": ["1", "2"],
    "(lambda *a: reveal(a))(1, 2)": ["(1, 2)"],
}


@pytest.mark.parametrize("text", PARAMETERS)
def test_a_parameter_is_what_is_passed(text: str) -> None:
    assert revealed(text) == PARAMETERS[text]


RETURNED = {
    "def f(a): return a + 1\nreveal(f(2))": ["3"],
    "f = lambda a: a + 1\nreveal(f(2))": ["3"],
    "def f(): return 1, 2\na, b = f()\nreveal(b)": ["2"],
    "def f(a):\n  def g(b): return a + b\n  return g\nreveal(f(1)(2))": ["3"],
    "def f():\n  yield 1\n  yield 2\nfor a in f(): reveal(a)": ["1 | 2"],
    "def f():\n  yield from [1, 2]\nfor a in f(): reveal(a)": ["1 | 2"],
    "def f():\n  yield 1, 2\nfor a, b in f(): reveal(b)": ["2"],
    "def f():\n  for i in x: yield i, i\nfor a, b in f(): reveal(b)": ["each of unknown"],
    "def f():\n  a = yield\n  reveal(a)\nlist(f())": ["unknown"],
    "reveal((lambda: None)())": ["None"],
    "def f(a): return a\ng = f\nreveal(g(1))": ["1"],
    "def f(a): return a\nreveal({'k': f}['k'](1))": ["1"],
    "def f(): return 1\ndef g(): return 2\nh = f if x else g\nreveal(h())": ["1 | 2"],
    "def f(a): return a\nfrom functools import partial\nreveal(partial(f, 1)())": ["1"],
    "def f(a, b): return b\nimport functools\nreveal(functools.partial(f, b=1)(2))": ["1"],
    "def f(a): return a\nreveal([*map(f, [1, 2])])": ["[1 | 2, …]"],
}


@pytest.mark.parametrize("text", RETURNED)
def test_a_call_is_what_is_returned(text: str) -> None:
    assert revealed(text) == RETURNED[text]


DECORATED = {
    "staticmethod": ("class A:\n  @staticmethod\n  def f(a): return a\nreveal(A.f(1), A().f(2))", ["1", "2"]),
    "classmethod": ("class A:\n  @classmethod\n  def f(cls, a): return cls, a\nreveal(A().f(1))", ["(class A, 1)"]),
    "property": ("class A:\n  @property\n  def f(self): return 1\nreveal(A().f)", ["1"]),
    "cached_property": (
        "import functools\nclass A:\n  @functools.cached_property\n  def f(self): return 1\nreveal(A().f)",
        ["1"],
    ),
    "tf.function": ("import tensorflow as tf\n@tf.function\ndef f(a): return a\nreveal(f(1))", ["1"]),
    "tf.function(…)": (
        "import tensorflow as tf\n@tf.function(jit_compile=True)\ndef f(a): return a\nreveal(f(1))",
        ["1"],
    ),
    "unknown": ("@x.y\ndef f(a): return a\nreveal(f(1))", ["1"]),
    "unknown with arguments": ("@x(3)\ndef f(a): return a\nreveal(f(1))", ["1"]),
    "lru_cache": ("import functools\n@functools.lru_cache\ndef f(a): return a\nreveal(f(1))", ["1"]),
    "our own": ("def d(f):\n  def g(*a): return f(*a) + 1\n  return g\n@d\ndef f(a): return a\nreveal(f(1))", ["2"]),
    "our own with wraps": (
        "import functools\ndef d(f):\n  @functools.wraps(f)\n  def g(*a, **k): return f(*a, **k) + 1\n  return g\n"
        "@d\ndef f(a): return a\nreveal(f(a=1))",
        ["2"],
    ),
    "our own with arguments": (
        "def d(n):\n  def e(f):\n    def g(a): return f(a) + n\n    return g\n  return e\n"
        "@d(5)\ndef f(a): return a\nreveal(f(1))",
        ["6"],
    ),
    "a method's": ("class A:\n  @x\n  def f(self, a): return a\nreveal(A().f(1))", ["1"]),
    "several": ("import tensorflow as tf\n@x\n@tf.function\n@y\ndef f(a): return a\nreveal(f(1))", ["1"]),
}


@pytest.mark.parametrize("case", DECORATED)
def test_a_decorated_function(case: str) -> None:
    text, expected = DECORATED[case]
    assert revealed(text) == expected


COMPILED = {
    "def f(): reveal()\nf()": ["no"],
    "@tf.function\ndef f(): reveal()\nf()": ["yes"],
    "@tf.function(reduce_retracing=True)\ndef f(): reveal()\nf()": ["yes"],
    "@x\ndef f(): reveal()\nf()": ["unknown"],
    "def f(): reveal()\nf = tf.function(f)\nf()": ["yes"],
    "def f(): reveal()\ng = tf.function(f)\ng()\nf()": ["yes", "no"],
    "def f(): reveal()\ng = tf.function(f) if x else f\ng()": ["yes", "no"],
    "def f(): reveal()\ntf.function(lambda: f())()": ["no"],
    "tf.data.Dataset.range(3).map(lambda a: reveal())": ["yes"],
    "class A:\n  @tf.function\n  def f(self): reveal()\nA().f()": ["yes"],
    "class A:\n  def __init__(self): self.f = tf.function(self.g)\n  def g(self): reveal()\nA().f()": ["yes"],
}


@pytest.mark.parametrize("text", COMPILED)
def test_a_function_knows_whether_it_is_compiled(text: str) -> None:
    calls = named(program("import tensorflow as tf\n" + text), "reveal")
    assert [call.context.frame.compiled for call in calls] == COMPILED[text]


def test_a_recursive_call_is_cut() -> None:
    assert revealed("def f(n):\n  reveal(n)\n  return f(n - 1)\nf(3)") == ["3"]


def test_mutual_recursion_is_cut() -> None:
    assert revealed("def f(n):\n  reveal(n)\n  g(n)\ndef g(n):\n  reveal(n)\n  f(n)\nf(3)") == ["3", "3"]


def test_a_function_is_run_for_each_call() -> None:
    assert revealed("def f(n):\n  reveal(n)\nf(1)\nf(2)") == ["1", "2"]


def test_a_function_that_nobody_calls_is_run_if_it_trains() -> None:
    text = "def f(model, x=3):\n  reveal(model, x)\n  model.fit(x)\ndef g(a):\n  reveal(a)"
    assert revealed(text) == ["model", "3 | x"]


def test_a_function_that_leads_to_training_is_run() -> None:
    text = "def f(model):\n  model.fit(1)\n  reveal(model)\ndef g(a):\n  f(a)"
    assert revealed(text) == ["model", "a"]


@pytest.mark.parametrize(
    ("receiver", "expected"), [("keras.callbacks.LearningRateScheduler", ["a"]), ("logging.info", [])]
)
def test_what_is_given_to_keras_is_run(receiver: str, expected: list[str]) -> None:
    assert revealed(f"import keras, logging\ndef f(a):\n  reveal(a)\n{receiver}(f)") == expected


def test_the_functions_of_a_test_are_not_run_as_programs() -> None:
    text = "def test_fit(model):\n  model.fit(1)\n  reveal(model)"
    assert revealed({"test_model.py": text}) == []
    assert revealed({"model_test.py": text}) == []
    assert revealed({"model.py": text}) == ["model"]


def test_what_a_caller_out_of_view_may_pass_is_open() -> None:
    assert revealed("def f(*a, **k):\n  reveal(a, k)\n  x.fit()") == ["(…)", "{…: unknown, …}"]


def test_the_step_of_a_strategy_is_run() -> None:
    text = """
        import tensorflow as tf
        s = tf.distribute.MirroredStrategy()
        def step(a, b): reveal(a, b)
        s.run(step, args=(1, 2))
        s.run(step, (3,), {'b': 4})
        other.run(step, args=(5, 6))
    """
    assert revealed(text) == ["1", "2", "3", "4", "5", "6"]


def test_the_functions_of_branches_are_run() -> None:
    assert revealed("import tensorflow as tf\ntf.cond(x, lambda: reveal(1), lambda: reveal(2))") == ["1", "2"]


def test_a_pipeline_runs_its_functions_on_elements() -> None:
    text = """
        import tensorflow as tf
        d = tf.data.Dataset.from_tensor_slices((1, 2))
        d = d.map(lambda a, b: (reveal(a), b))
        d.filter(lambda a: reveal(a))
        d.apply(lambda a: reveal(a is d))
    """
    assert len(revealed(text)) == 3


def test_calls_are_recorded_in_their_order() -> None:
    text = """
        import tensorflow as tf
        def f(a):
            tf.square(a)
            return tf.exp(a)
        tf.abs(f(tf.ones(3)))
        x.go()
    """
    assert called(text) == ["tensorflow.ones", "tensorflow.square", "tensorflow.exp", "tensorflow.abs", ".go"]
