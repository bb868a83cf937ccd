"""Commands of notebooks become Python as IPython makes it, on the lines they stand on."""

import ast

import pytest

from tapelint.source.commands import as_python


def python(cell: str) -> str:
    lines, _ = as_python(cell.split("\n"))
    assert len(lines) == cell.count("\n") + 1
    return "\n".join(lines)


# The right-hand sides are what IPython 9.18 makes of the left, but for what is measured and what is not Python.
@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("!ls -l", "get_ipython().system('ls -l')"),
        ("!!ls", "get_ipython().getoutput('ls')"),
        ("x = !ls", "x = get_ipython().getoutput('ls')"),
        ("a.b[1], c = !ls", "a.b[1], c = get_ipython().getoutput('ls')"),
        ("%matplotlib inline", "get_ipython().run_line_magic('matplotlib', 'inline')"),
        ("x = %pwd", "x = get_ipython().run_line_magic('pwd', '')"),
        ("x?", "get_ipython().run_line_magic('pinfo', 'x')"),
        ("x.y[0]??", "get_ipython().run_line_magic('pinfo', 'x.y[0]')"),
        ("?x", "get_ipython().run_line_magic('pinfo', 'x')"),
        ("if a:\n    !ls", "if a:\n    get_ipython().system('ls')"),
        ("def f():\n\t%foo b", "def f():\n\tget_ipython().run_line_magic('foo', 'b')"),
        ("for a in b:\n    c = !echo {a}", "for a in b:\n    c = get_ipython().getoutput('echo {a}')"),
        ("!pip install \\\n  a \\\n  b\nx = 1", "get_ipython().system('pip install    a    b')\n\n\nx = 1"),
        ("x = !ls \\\n -l\ny = 1", "x = get_ipython().getoutput('ls   -l')\n\ny = 1"),
        ("!echo \"it's\"", "get_ipython().system('echo \"it\\'s\"')"),
        ("!echo größe", "get_ipython().system('echo gr\\xf6\\xdfe')"),
    ],
)  # fmt: skip
def test_a_command_is_a_call(cell: str, expected: str) -> None:
    assert ast.dump(ast.parse(python(cell))) == ast.dump(ast.parse(expected))
    assert [bool(line) for line in python(cell).split("\n")] == [bool(line) for line in expected.split("\n")]


@pytest.mark.parametrize(
    "cell",
    [
        "x = 5 % 3",
        "x = (5\n% 3)",
        "x = 5 \\\n% 3",
        "f(a,\n  !b)",
        'x = """\n!ls\n%magic\nx?\n"""',
        "x = '''\n!ls\\'''\n!ls\n'''",
        'x = f"""{a}\n!ls"""',
        'x = "\\\n!ls"',
        "x != y",
        'print("50 %" % a)',
        "x = 1  # what?",
        '"""what?"""',
        "# !ls",
        "s = '!ls'",
        "d = {\n'a': 1,\n}",
        "x: int = 3",
        "lambda x=1: x",
        "",
        "\n\n",
    ],
)
def test_python_is_left_alone(cell: str) -> None:
    assert python(cell) == cell


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("%time model.fit(x)", "if 1: model.fit(x)"),
        ("%timeit -n 10 -r3 f(x)", "if 1:             f(x)"),
        ("    %prun -l 5 f(x)", "if 1:      f(x)"),
        ("%time a = f(x, \\\n  y)", "if 1: a = f(x, \\\n  y)"),
    ],
)
def test_a_measured_statement_is_python_where_it_stands(cell: str, expected: str) -> None:
    assert python(cell) == expected


@pytest.mark.parametrize("cell", ["%time", "%timeit -q", "%time for x in y: f(x)", "%time !ls", "%timeit f(x"])
def test_what_cannot_be_read_in_one_line_is_a_command(cell: str) -> None:
    assert python(cell).startswith("get_ipython().run_line_magic('time")


@pytest.mark.parametrize("magic", ["%%time", "%%timeit -n 1", "%%capture out", "%%prun", "\n%%time"])
def test_the_body_of_a_measuring_cell_is_python(magic: str) -> None:
    assert python(f"{magic}\nx = 1\n!ls").endswith("\nx = 1\nget_ipython().system('ls')")


@pytest.mark.parametrize(
    "magic", ["%%bash", "%%html", "%%writefile a.py", "%%javascript", "%%latex", "%%cython -a", "%%R"]
)
def test_the_body_of_any_other_cell_is_not(magic: str) -> None:
    body = "x = 1\nrm -rf $y\n"
    first, *rest = python(f"{magic}\n{body}").split("\n")
    call = ast.parse(first).body[0]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    assert [ast.literal_eval(argument) for argument in call.value.args][::2] == [magic[2:].split(maxsplit=1)[0], body]
    assert not any(rest)


def test_cell_magics_stack() -> None:
    assert python("%%time\n%%bash\nls").split("\n")[1:] == ["get_ipython().run_cell_magic('bash', '', 'ls')", ""]


def test_a_cell_magic_further_down_is_a_line() -> None:
    assert python("x = 1\n%%time\ny = 2").endswith("\ny = 2")


def test_indentation_and_prompts_are_taken_off_and_counted() -> None:
    assert as_python(["  x = 1", "  if x:", "    y = 2", "z"]) == (
        ["x = 1", "if x:", "  y = 2", "z"],
        {0: 2, 1: 2, 2: 2},
    )
    assert as_python([">>> x = [1,", "... 2]", ">>> x"]) == (["x = [1,", "2]", "x"], {0: 4, 1: 4, 2: 4})
    assert as_python(["%%time", "  x = 1"])[1] == {1: 2}
