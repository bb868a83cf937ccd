"""Which file an import means."""

import pytest

from tests.program.reading import Files, label, named, program, programs, revealed

# The imports of a file that has nothing of training are not followed.
TRAINS = "import keras\nkeras.Model.fit\n"

IMPORTS: dict[str, tuple[Files, list[str]]] = {
    "a neighbour": ({"train.py": "import m\nreveal(m.a)", "m.py": "a = 1"}, ["1"]),
    "a name of a neighbour": ({"train.py": "from m import a\nreveal(a)", "m.py": "a = 1"}, ["1"]),
    "an alias": ({"train.py": "from m import a as b\nimport m as n\nreveal(b, n.a)", "m.py": "a = 1"}, ["1", "1"]),
    "everything": ({"train.py": "from m import *\nreveal(a, _b)", "m.py": "a = 1\n_b = 2"}, ["1", "unknown"]),
    "a package": ({"train.py": "import p\nreveal(p.a)", "p/__init__.py": "a = 1"}, ["1"]),
    "a module of a package": (
        {"train.py": "import p.m\nreveal(p.m.a)", "p/__init__.py": TRAINS, "p/m.py": "a = 1"},
        ["1"],
    ),
    "a module of a package by name": (
        {"train.py": "from p import m\nreveal(m.a)", "p/__init__.py": "", "p/m.py": "a = 1"},
        ["1"],
    ),
    "a module of a package by alias": (
        {"train.py": "import p.m as q\nreveal(q.a)", "p/__init__.py": "", "p/m.py": "a = 1"},
        ["1"],
    ),
    "a name of a module of a package": (
        {"train.py": "from p.m import a\nreveal(a)", "p/__init__.py": "", "p/m.py": "a = 1"},
        ["1"],
    ),
    "a package hands on": (
        {"train.py": "from p import a\nreveal(a)", "p/__init__.py": TRAINS + "from p.m import a", "p/m.py": "a = 1"},
        ["1"],
    ),
    "a package hands on relatively": (
        {"train.py": "import p\nreveal(p.a)", "p/__init__.py": TRAINS + "from .m import a", "p/m.py": "a = 1"},
        ["1"],
    ),
    "a package hands on everything": (
        {"train.py": "from p import a\nreveal(a)", "p/__init__.py": TRAINS + "from .m import *", "p/m.py": "a = 1"},
        ["1"],
    ),
    "a sibling": ({"p/train.py": "from . import m\nreveal(m.a)", "p/__init__.py": "", "p/m.py": "a = 1"}, ["1"]),
    "a name of a sibling": ({"p/train.py": "from .m import a\nreveal(a)", "p/m.py": "a = 1"}, ["1"]),
    "a cousin": (
        {"p/q/train.py": "from ..r.m import a\nreveal(a)", "p/r/m.py": "a = 1", "p/r/__init__.py": ""},
        ["1"],
    ),
    "the package around": ({"p/train.py": "from . import a\nreveal(a)", "p/__init__.py": "a = 1"}, ["1"]),
    "from the root of the project": (
        {"p/q/train.py": "from p.m import a\nreveal(a)", "p/__init__.py": "", "p/m.py": "a = 1"},
        ["1"],
    ),
    "below src": ({"train.py": "from p.m import a\nreveal(a)", "src/p/m.py": "a = 1"}, ["1"]),
    "from a script beside src": (
        {"scripts/train.py": "import p.m\nreveal(p.m.a)", "src/p/__init__.py": TRAINS, "src/p/m.py": "a = 1"},
        ["1"],
    ),
    "a file before a package": (
        {"train.py": "import m\nreveal(m.a)", "m.py": "a = 1", "m/__init__.py": "a = 2"},
        ["1"],
    ),
    "nothing of this name": ({"train.py": "import m\nreveal(m.a)"}, ["m.a"]),
    "nothing relative of this name": ({"train.py": "from .m import a\nreveal(a)"}, [".m.a"]),
    "a name that is not there": ({"train.py": "from m import b\nreveal(b)", "m.py": "a = 1"}, ["unknown"]),
    "a file that is not Python": ({"train.py": "import m\nreveal(m.a)", "m.py": "a = = 1"}, ["module m.py.a"]),
    "a library is never a file": ({"train.py": "import numpy\nreveal(numpy.a)", "numpy.py": "a = 1"}, ["numpy.a"]),
    "an import in a function": ({"train.py": "def f():\n  from m import a\n  reveal(a)\nf()", "m.py": "a = 1"}, ["1"]),
    "a function of another file": (
        {"train.py": "from m import f\nreveal(f(1))", "m.py": "b = 2\ndef f(a): return a + b"},
        ["3"],
    ),
    "a class of another file": (
        {"train.py": "from m import A\nreveal(A().f())", "m.py": "b = 2\nclass A:\n  def f(self): return b"},
        ["2"],
    ),
    "a base of another file": (
        {"train.py": "import m\nclass B(m.A): pass\nreveal(B().f())", "m.py": "class A:\n  def f(self): return 1"},
        ["1"],
    ),
    "a library through another file": (
        {
            "train.py": "from m import tf, np\nreveal(tf.square, np.ones)",
            "m.py": "import tensorflow as tf\nimport numpy as np",
        },
        ["tensorflow.square", "numpy.ones"],
    ),
    "a name after a change": (
        {"train.py": "import m\nm.set()\nreveal(m.a)", "m.py": "a = 1\ndef set():\n  global a\n  a = 2"},
        ["2"],
    ),
    "an import that falls back": (
        {"train.py": "try:\n  import m\nexcept ImportError:\n  m = None\nreveal(m.a)", "m.py": "a = 1"},
        ["1"],
    ),
}


@pytest.mark.parametrize("case", IMPORTS)
def test_an_import(case: str) -> None:
    files, expected = IMPORTS[case]
    assert revealed(files) == expected


CYCLES: dict[str, tuple[Files, list[str]]] = {
    "a file imports itself": ("import train\na = 1\nreveal(train.a)", ["1"]),
    "a file imports itself by name": ("a = 1\nfrom train import a as b\nreveal(b)", ["1"]),
    "two files": (
        {"train.py": "import m\na = 1\nreveal(m.f())", "m.py": TRAINS + "import train\ndef f(): return train.a"},
        ["1"],
    ),
    "two files by name": (
        {"train.py": "a = 1\nfrom m import f\nreveal(f())", "m.py": TRAINS + "from train import a\ndef f(): return a"},
        ["1"],
    ),
    "three files": (
        {"train.py": "import m\nreveal(m.n.a)", "m.py": TRAINS + "import n", "n.py": TRAINS + "import train\na = 1"},
        ["1"],
    ),
    "a package and its module": (
        {
            "train.py": "import p\nreveal(p.a)",
            "p/__init__.py": TRAINS + "from .m import a",
            "p/m.py": TRAINS + "from . import b\na = 1",
        },
        ["1"],
    ),
    "a package that imports itself": (
        {"train.py": "import p\nreveal(p.a)", "p/__init__.py": TRAINS + "import p\na = 1"},
        ["1"],
    ),
}


@pytest.mark.parametrize("case", CYCLES)
def test_imports_in_a_circle(case: str) -> None:
    files, expected = CYCLES[case]
    assert revealed(files) == expected


NAMES = {
    "import tensorflow": "tensorflow.keras.layers.Dense",
    "import tensorflow as tf": "tf.keras.layers.Dense",
    "import tensorflow.keras as k": "k.layers.Dense",
    "import tensorflow.keras.layers": "tensorflow.keras.layers.Dense",
    "from tensorflow import keras": "keras.layers.Dense",
    "from tensorflow.keras import layers as L": "L.Dense",
    "from tensorflow.keras.layers import Dense as D": "D",
    "import keras": "keras.layers.Dense",
    "import tf_keras as keras": "keras.layers.Dense",
    "from keras import layers": "layers.Dense",
    "import tensorflow.compat.v2 as tf": "tf.keras.layers.Dense",
    "import tensorflow as tf\nkeras = tf.keras": "keras.layers.Dense",
    "import tensorflow as tf\nlayers = tf.keras.layers\nD = layers.Dense": "D",
}


@pytest.mark.parametrize("imports", NAMES)
def test_a_library_has_one_name_however_it_is_imported(imports: str) -> None:
    assert revealed(f"{imports}\nreveal({NAMES[imports]})") == ["keras.layers.Dense"]


def test_an_imported_file_is_executed_once() -> None:
    read = program(
        {
            "train.py": "import m\nimport n\nm.f()",
            "m.py": TRAINS + "import n\nreveal(1)",
            "n.py": TRAINS + "import m\nreveal(2)",
        }
    )
    assert [label(call.arguments[0]) for call in named(read, "reveal")] == ["2", "1"]


def test_each_requested_file_is_a_program() -> None:
    read = programs({"a.py": "import b\nreveal(b.x)", "b.py": "x = 1\nreveal(2)"}, requested=2)
    assert [one.module.document.path.name for one in read] == ["a.py", "b.py"]
    assert [[label(call.arguments[0]) for call in named(one, "reveal")] for one in read] == [["2", "1"], ["2"]]


def test_only_what_is_asked_for_is_requested() -> None:
    read = program({"train.py": "import m\nm.f()", "m.py": "reveal(1)"})
    assert [call.site.module.requested for call in named(read, "reveal")] == [False]


@pytest.mark.parametrize("test", ["TYPE_CHECKING", "typing.TYPE_CHECKING", "t.TYPE_CHECKING"])
def test_what_only_type_checkers_import_is_not_read(test: str) -> None:
    """A large library imports all of its modules for them, and none of those for a run."""
    imports = "import typing\nimport typing as t\nfrom typing import TYPE_CHECKING"
    train = f"{imports}\nif {test}:\n  import m\n  reveal(1)\nelse:\n  reveal(2)\nprint()"
    assert [
        label(call.arguments[0]) for call in named(program({"train.py": train, "m.py": "reveal(3)"}), "reveal")
    ] == ["2"]
