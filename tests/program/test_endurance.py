"""Nothing that Python accepts makes the analyzer crash or run without end."""

import pytest

from tapelint.program.execution.idle import is_idle
from tapelint.program.execution.words import may_set
from tapelint.syntax import tree
from tapelint.syntax.outline import bodies, without_text
from tests.program.reading import Files, label, named, program, programs, revealed

STEP = """
import tensorflow as tf
from tensorflow import keras
model = keras.Sequential([keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD()
def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    g = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(g, model.trainable_variables))
"""


def stairs(line: str, count: int, innermost: str) -> str:
    """`count` blocks, one in another, with a statement in the innermost."""
    return "".join(" " * level + line.format(level) + "\n" for level in range(count)) + " " * count + innermost + "\n"


ENDLESS: dict[str, str] = {
    "a function of 3,000 lines": "def f(x):\n" + "".join(f"    a{n} = x\n" for n in range(3000)) + "    x.fit()\n",
    "a name bound 500 times": "x = tf.zeros(3)\n" + "x = x + 1\n" * 500,
    "150 calls in a call": "x = " + "tf.square(" * 150 + "1" + ")" * 150,
    "200 functions, each calling the next": "".join(f"def f{n}(x): return f{n + 1}(x)\n" for n in range(200))
    + "f0(1)\n",
    "functions that each call the next twice": (
        "".join(f"def f{n}(x):\n  f{n + 1}(x)\n  return f{n + 1}(x)\n" for n in range(200)) + "f0(1)\n"
    ),
    "95 functions in a function": stairs("def f{}(x):", 95, "x.fit()"),
    "mutual recursion": "".join(
        f"def f{n}(x):\n" + "".join(f"  f{m}(x)\n" for m in range(8)) + "  x.fit()\n" for n in range(8)
    ),
    "methods that call each other": "class A:\n"
    + "".join(
        f"  def m{n}(self):\n    self.a{n} = self.m{(n + 1) % 30}()\n    return self.m{n * 7 % 30}()\n"
        for n in range(30)
    )
    + "A().m0()\nA().a3\n",
    "attributes that define each other": "class A:\n"
    + "".join(f"  def m{n}(self):\n    self.a{n} = self.a{n + 1}\n    self.b = self.a{n * 3 % 50}\n" for n in range(50))
    + "A().a0\n",
    "properties that ask each other twice": "class A:\n"
    + "".join(f"  @property\n  def p{n}(self): return self.p{n + 1} + self.p{n + 1}\n" for n in range(30))
    + "A().p0\n",
    "500 attributes deep": "x = a" + ".b" * 500,
    "500 attributes, one by one": "x = tf.Variable(1.0)\n" + "x = x.b\n" * 500,
    "500 branches": "def f(x, c):\n"
    + "".join(f"  if c == {n}:\n    x = tf.square(x)\n" for n in range(500))
    + "  x.fit()\n",
    "200 elifs": "def f(x, c):\n  if c: pass\n"
    + "".join(f"  elif c == {n}: x = tf.square(x)\n" for n in range(200))
    + "  x.fit()\n",
    "300 returns": "def f(x, c):\n"
    + "".join(f"  if c == {n}: return tf.square(x)\n" for n in range(300))
    + "  x.fit()\n",
    "50 loops in a loop": stairs("for i{} in x:", 50, "x = x + 1"),
    "50 whiles in a while": stairs("while x < {}:", 50, "x = x + 1"),
    "50 ifs in an if": stairs("if x == {}:", 50, "x = x + 1"),
    "50 withs in a with": stairs("with tf.GradientTape() as t{}:", 50, "x = tf.square(x)"),
    "50 trys in a try": stairs("try:", 50, "x = 1")
    + "".join(" " * level + f"except E:\n{' ' * level} x = {level}\n" for level in reversed(range(50))),
    "50 matches in a match": "".join(f"{' ' * 2 * n}match x:\n{' ' * (2 * n + 1)}case [{n}, *x]:\n" for n in range(45))
    + " " * 90
    + "x = 1\n",
    "a tape of 50 items": "with " + ", ".join(f"tf.GradientTape() as t{n}" for n in range(50)) + ":\n  x = model(1)\n",
    "a long list": "x = [" + ", ".join(map(str, range(2_000))) + "]\nfor a in x: step(a, x[a])\ny = x + x\n",
    "a long dict": "x = {" + ", ".join(f"'{n}': {n}" for n in range(2_000)) + "}\ny = {**x, **x}\ny['7']\n",
    "100 lists in a list": "x = [" + ", ".join(str([*range(50)]) for _ in range(100)) + "]\nstep(x, x[0][0])\n",
    "a string of many parts": "x = " + " ".join(["'a'"] * 1_000),
    "a long sum": "x = " + " + ".join(["a"] * 400),
    "a long choice": "x = " + " or ".join(["a"] * 400),
    "a long conditional": "x = " + "".join(f"{n} if a == {n} else " for n in range(90)) + "0",
    "numbers without end": "x = 7\n" + "x = x ** 63\nx = x * x\n" * 100,
    "a string without end": "x = 'a'\n" + "x = x + x\n" * 20,
    "a list that contains itself": "a = []\na.append(a)\nfor x in a:\n  x.append(a)\na = [a, *a]\na += a\nstep(a, a)\n",
    "a dict that contains itself": "d = {}\nd['d'] = d\nd.update(d)\nfor k, v in d.items(): v[k] = d\nstep(d, d)\n",
    "an object that contains itself": "class A: pass\na = A()\na.a = a\na.a.a.a.fit()\nstep(a, a.a)\n",
    "a class that inherits from itself": (
        "class A(A): pass\nA().f()\nclass A(A):\n  def f(self): return super().f()\nA().f()\n"
    ),
    "classes that inherit from each other": (
        "class B(C): pass\nclass C(B): pass\nclass B(C):\n  def f(self): return super().f()\nC().f()\nB().f()\n"
    ),
    "100 bases of bases": "class A0: pass\n"
    + "".join(f"class A{n + 1}(A{n}):\n  def f(self): return super().f()\n" for n in range(100))
    + "A100().f()\n",
    "a lattice of bases": "class A0: pass\n"
    + "".join(f"class L{n}(A{n}): pass\nclass R{n}(A{n}): pass\nclass A{n + 1}(L{n}, R{n}): pass\n" for n in range(60))
    + "A60().f()\n",
    "models in models": "".join(
        f"class M{n}(keras.Model):\n  def __init__(self):\n    self.a, self.b = M{n + 1}(), M{n + 1}()\n"
        f"  def call(self, x): return self.a(x) + self.b(x)\n"
        for n in range(12)
    )
    + "class M12(keras.Model):\n  def call(self, x): return x\nM0()(1)\n",
    "500 layers": "m = keras.Sequential()\n" + "m.add(keras.layers.Dropout(0.5))\n" * 500 + "m(1)\n",
    "500 functional layers": "x = i = keras.Input((3,))\n"
    + "x = keras.layers.Add()([x, keras.layers.Dropout(0.5)(x)])\n" * 250
    + "keras.Model(i, x)(1)\n",
    "a function decorated 100 times": "def d(f):\n  def w(*a, **k): return f(*a, **k)\n  return w\n"
    + "@d\n" * 100
    + "def g(x): return x\ng(1)\n",
    "100 lambdas in a lambda": "f = " + "lambda: " * 100 + "1\nx = f" + "()" * 100,
    "a comprehension of ten loops": "x = [1, 2]\ny = [a0 " + " ".join(f"for a{n} in x" for n in range(10)) + "]\n",
    "a generator that consumes itself": "def f():\n  yield from f()\nfor x in f(): step(x, x)\n",
    "a function that returns itself": "def f(): return f\nf()()()()()\ng = f\nfor i in x: g = g()\n",
    "a variable that is its own successor": (
        "m = None\nfor i in x:\n  m = m.next if m else m\n  m = [m, m]\n  step(m, m[0])\n"
    ),
    "names that change places": "a = b = c = tf.zeros(3)\nfor i in x:\n" + "  a, b, c = b, c, a + b\n" * 100,
    "200 names in one loop": "".join(f"v{n} = x\n" for n in range(200))
    + "for i in x:\n"
    + "".join(f"  v{n} = v{(n + 1) % 200} + v{n}\n" for n in range(200)),
    "unusual statements": (
        "exec('x = 1')\neval('x')\nglobals()['x'] = 1\ndel x, x.y, x[0]\nprint(*x, **x, sep='')\n"
        "x: int\nx.y: int = 1\nx[0]: int = 2\nassert x, y\nif x: raise E from x\n"
    ),
    "a star import of everything": "from tensorflow import *\nfrom keras.layers import *\nfrom . import *\nA(x)\n",
    "match": (
        "match x:\n  case [a, *b] if b: step(a, b)\n  case {'k': c, **d}: step(c, d)\n"
        "  case A(e=f) | B(f): step(f, f)\n  case (1 | 2) as g: step(g, g)\n  case str() | None: pass\n  case _: pass\n"
    ),
    "async": (
        "async def f(x):\n  async with x as a, x:\n    async for b in a:\n      yield await b\n"
        "  return\nasync def g(): return [b async for b in f(1) if await b]\n"
    ),
    "metaclasses": (
        "class M(type):\n  def __call__(cls, *a): return 1\nclass A(metaclass=M, k=1, **x): pass\nA().fit(1)\n"
    ),
    "every parameter": "def f(a, /, b=1, *c, d, e=2, **g): step(a, g)\nf(*f, **f)\nf(1, 2, 3, d=4, z=5)\nf()\n",
    "globals and nonlocals": (
        "def f():\n  global g, h\n  g = h = f\n  def i():\n    nonlocal j\n    j = g\n"
        "  j = 1\n  i()\n  return j\nf()()\n"
    ),
    "names of the analyzer": (
        "__class__ = __name__ = __file__ = super\nsuper().f()\nsuper(1, 2).g()\nx.__call__(x.__call__)\n"
    ),
}


@pytest.mark.parametrize("case", ENDLESS)
def test_the_analyzer_comes_to_an_end(case: str) -> None:
    """`reveal` stands at the end, so it is also shown that nothing before it was the end of the reading."""
    read = program(f"{STEP}{ENDLESS[case]}\ndef after(m):\n    m.fit(1)\n    reveal(2)\n")
    assert [label(call.arguments[0]) for call in named(read, "reveal")] == ["2"]


def test_a_file_of_five_megabytes_is_read() -> None:
    assert revealed("x = '''" + "spam and eggs\n" * 370_000 + "'''\nreveal(1)") == ["1"]


def test_fifty_files_that_import_each_other_are_read() -> None:
    files: Files = {
        "train.py": "import m0\nreveal(m0.m7.a)",
        **{
            f"m{n}.py": "import keras\nkeras.Model.fit\n"
            + "".join(f"import m{m}\n" for m in range(50))
            + f"a = {n}\nfrom m{(n + 1) % 50} import *\n"
            for n in range(50)
        },
    }
    assert len(revealed(files)) == 1


_LONG = 200_000
_TEXTS = {
    "spaces": " " * _LONG,
    "a comment": "# " + "long " * (_LONG // 5),
    "quotes": "'" * _LONG,
    "quotes and backslashes": "'" + "\\" * _LONG,
    "an open string": "'''" + "a" * _LONG,
    "targets": "x, " * (_LONG // 3) + "= f(1)",
    "calls": "x = " + "f(" * (_LONG // 2),
    "headers": "def f():\n" * (_LONG // 9),
    "imports": "import " + ", ".join(f"a{number} as b{number}" for number in range(_LONG // 10)),
    "attributes": "def f(self):\n    g(" + "self.a, " * (_LONG // 8) + ")",
}


@pytest.mark.parametrize("text", _TEXTS.values(), ids=_TEXTS)
def test_a_long_line_is_skimmed(text: str) -> None:
    """What is looked for by its words alone is found in a time that grows with the text, and not with its square."""
    assert len(without_text(text)) == len(text)
    assert all(body.start <= body.end <= len(text) for body in bodies(text))
    assert isinstance(is_idle(text), bool)
    receiver = tree.Parameter(1, "self", None, None, "either")
    method = tree.Function(0, "f", [receiver], tree.Unread(text, lambda: tree.Suite([])), [], None)
    assert may_set(method) == frozenset()


@pytest.mark.parametrize(
    "text", ["", "\n", "# nothing", "'''doc'''", "pass", "...", "\ufeffx = 1", "x = 1\r\ny = 2\r\n"]
)
def test_next_to_nothing_calls_nothing(text: str) -> None:
    assert [call for read in programs(text) for call in read.trace.calls] == []


def test_a_file_that_is_not_python_is_no_program() -> None:
    assert programs("x = = 1") == []
