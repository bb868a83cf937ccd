"""Small programs, read, and what was understood of them as words.

What the analyzer builds is a cyclic graph, whose `repr` may be endless: everything here answers in strings and numbers,
so that a failing assertion can be printed.
"""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from tapelint.program import values
from tapelint.program.build import build
from tapelint.program.program import Program
from tapelint.program.trace import Call
from tapelint.program.values import Value, alternatives
from tapelint.source.document import Document

ROOT = Path("/project")
_DEPTH = 6

Files = str | Mapping[str, str]


def programs(files: Files, *, requested: int = 1) -> list[Program]:
    """The programs that the first files are; a text alone is one file. The others are there to be imported."""
    texts = {"train.py": files} if isinstance(files, str) else files
    documents = {ROOT / name: Document(ROOT / name, dedent(text)) for name, text in texts.items()}
    return list(build(list(documents.values())[:requested], documents.get))


def program(files: Files) -> Program:
    """The program that the first file is."""
    (read,) = programs(files)
    return read


def revealed(files: Files) -> list[str]:
    """What is understood of each argument of `reveal(…)`, in the order in which the program comes to them.

    `reveal` is a name that nothing binds, as for a type checker.
    """
    return [label(value) for call in named(program(files), "reveal") for value in (*call.arguments, *call.spread)]


def named(read: Program, name: str) -> list[Call]:
    """The calls of a name that nothing binds."""
    reason = f"`{name}` is not bound"
    return [
        call for call in read.trace.calls if isinstance(call.callee, values.Unknown) and call.callee.reason == reason
    ]


def given(files: Files) -> Value:
    """The value of the only argument of the only `reveal(…)`. Not to be printed."""
    (call,) = named(program(files), "reveal")
    (value,) = call.arguments
    return value


def called(files: Files) -> list[str]:
    """The operations of a program, in order; a method of an unknown object is `.name`."""
    return [operation(call) for call in program(files).trace.calls]


def operation(call: Call) -> str:
    """The name of what is called, as far as it is known."""
    return call.op or (f".{call.method}" if call.method else "?")


def label(value: Value | None, depth: int = 0) -> str:
    """A value in a few words: `tensorflow.square(x)`, `1 | 2`, `keras.Sequential object`."""
    if value is None:
        return ""
    if depth > _DEPTH:
        return "…"
    return _label(value, depth + 1)


def _label(value: Value, depth: int) -> str:
    match value:
        case values.Constant():
            return repr(value.value)
        case values.Library():
            return value.name
        case values.ModuleValue():
            return f"module {value.module.document.path.relative_to(ROOT).as_posix()}"
        case values.Function():
            return f"def {value.node.name}"
        case values.Class():
            return f"class {value.node.name}"
        case values.Instance(cls=values.Class() as cls):
            return f"{cls.node.name} object"
        case values.Instance(cls=values.Library() as cls):
            return f"{cls.name} object"
        case values.Parameter() | values.Unknown():
            return value.name if isinstance(value, values.Parameter) else "unknown"
        case values.Choice():
            return " | ".join(label(option, depth) for option in alternatives(value))
        case values.Display() | values.Mapping():
            return _container(value, depth)
    return _made(value, depth)


def _container(value: values.Display | values.Mapping, depth: int) -> str:
    if isinstance(value, values.Mapping):
        items = [f"{key!r}: {label(entry, depth)}" for key, entry in value.entries.items()]
        items += [f"…: {label(other, depth)}" for other in value.others]
        brackets = "{}"
    else:
        items = [label(item, depth) for item in value.items]
        brackets = {"tuple": "()", "list": "[]", "set": "{}"}[value.kind]
    return brackets[0] + ", ".join([*items, *(["…"] if value.open else [])]) + brackets[1]


def _made(value: Value, depth: int) -> str:
    match value:
        case values.Result(call=call):
            arguments = [label(argument, depth) for argument in call.arguments]
            arguments += [f"{name}={label(argument, depth)}" for name, argument in call.keywords.items()]
            arguments += [f"*{label(argument, depth)}" for argument in call.spread]
            receiver = label(call.receiver, depth) if call.op is None and call.receiver is not None else ""
            return f"{receiver}{operation(call)}({', '.join(arguments)})"
        case values.Attribute():
            return f"{label(value.of, depth)}.{value.name}"
        case values.Item():
            return f"{label(value.of, depth)}[{label(value.index, depth)}]"
        case values.Element():
            return f"each of {label(value.of, depth)}"
        case values.SliceValue():
            return ":".join(label(part, depth) for part in (value.lower, value.upper, value.step))
        case values.Computed():
            return f"({f' {value.operator} '.join(label(part, depth) for part in value.parts)})"
        case values.Super():
            return f"super of {value.owner.node.name}"
    return type(value).__name__
