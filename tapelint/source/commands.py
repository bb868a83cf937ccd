"""What a notebook understands beside Python: magics, shell lines and questions, written as the Python they stand for.

IPython turns `!ls` into `get_ipython().system('ls')` before Python sees it, and so does this, line by line: every line
keeps its number, and every column of what is Python already stays true.
"""

import re
from collections.abc import Iterator, Sequence

# Cell magics that run the Python below them, as it stands.
_RUNS_PYTHON = frozenset(
    (
        *("capture", "debug", "ipytest", "lprun", "memit", "mprun", "prun", "pyinstrument", "scalene", "snakeviz"),
        *("time", "timeit", "wandb"),
    )
)
# The same for one line. The expression behind their options is what matters.
_RUNS_STATEMENT = re.compile(
    r"(?P<indent>[ \t]*)%(?:time|timeit|prun|memit)(?:[ \t]+-\w[ \t]*\d*(?=\s))*[ \t]+(?=[^\s-])"
)

_COMPOUND = re.compile(r"(?:async|class|def|for|if|try|while|with)\b|[@%!?]")

_CELL_MAGIC = re.compile(r"(?!%%\w+\?)%%(?P<name>\S+)(?P<rest>.*)")
_ASSIGNED = re.compile(r"\s*(?:!(?P<command>.+)|%[ \t]*(?P<magic>[^\W\d].*))", re.DOTALL)
_QUESTION = re.compile(r"(?P<about>%{0,2}(?!\d)[\w*]+(?:\.(?!\d)[\w*]+|\[-?\d+\])*)(?P<marks>\?\??)\s*$")
_PROMPT = re.compile(r"(?:>>>|\.\.\.)(?: |$)")
_INDENT = re.compile(r"[ \t]*")

# What decides where a statement ends: strings, comments, brackets, and lone `=` for assignments of a command.
_TOKEN = re.compile(
    r"""(?P<open>[rRbBuUfFtT]{0,2}(?P<quotes>\"\"\"|'{3}))
    | (?P<string>"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?)
    | (?P<comment>\#.*)
    | (?P<bracket>[][(){}])
    | (?P<equals>(?<![=!<>:+*/%&|^@~-])=(?!=))""",
    re.VERBOSE,
)
_CLOSING = {quotes: re.compile(r"(?:[^\\]|\\.)*?" + quotes, re.DOTALL) for quotes in ('"""', "'''")}


def as_python(lines: Sequence[str]) -> tuple[list[str], dict[int, int]]:
    """The lines of a cell as Python, and how many columns some of them have lost at their start, by their index."""
    kept, shifts = _without_margin(lines)
    first = _first_word(kept)
    if first is not None and (magic := _CELL_MAGIC.match(kept[first])):
        body = kept[first + 1 :]
        if magic["name"] not in _RUNS_PYTHON:
            call = _call("run_cell_magic", magic["name"], magic["rest"].strip(), "\n".join(body))
            return [*kept[:first], call, *[""] * len(body)], shifts
        inner, inner_shifts = as_python(body)
        for index, columns in inner_shifts.items():
            shifts[index + first + 1] = shifts.get(index + first + 1, 0) + columns
        call = _call("run_cell_magic", magic["name"], magic["rest"].strip(), "")
        return [*kept[:first], call, *inner], shifts
    return list(_statements(kept)), shifts


def _without_margin(lines: Sequence[str]) -> tuple[list[str], dict[int, int]]:
    """The lines without the indentation of the first one, and without the prompts of an interpreter."""
    kept, shifts = list(lines), dict[int, int]()
    first = _first_word(kept)
    if first is None:
        return kept, shifts
    margin = _INDENT.match(kept[first])
    width = margin.end() if margin else 0
    for index, line in enumerate(kept):
        lost = width if line.startswith(kept[first][:width]) else 0
        if kept[first].startswith(">>>", width) and (prompt := _PROMPT.match(line, lost)):
            lost = prompt.end()
        if lost:
            shifts[index] = lost
    return [line[shifts.get(index, 0) :] for index, line in enumerate(kept)], shifts


def _first_word(lines: Sequence[str]) -> int | None:
    return next((index for index, line in enumerate(lines) if line.strip()), None)


def _statements(lines: Sequence[str]) -> Iterator[str]:
    """The lines with every command in its Python form."""
    state = _State()
    index = 0
    while index < len(lines):
        last = _last_continued(lines, index)
        told = _translated(lines, index, last) if state.at_start else None
        if told is None:
            line = _timed(lines[index]) if state.at_start else lines[index]
            state.read(line)
            yield line
            index += 1
        else:
            yield from (told, *[""] * (last - index))
            index = last + 1


def _translated(lines: Sequence[str], index: int, last: int) -> str | None:
    """The statement at these lines in Python, on one line; None if it is Python already."""
    if _timed(lines[index]) != lines[index]:
        return None
    whole = " ".join([*(line.removesuffix("\\") for line in lines[index:last]), lines[last]])
    return _command(whole) or _assignment(whole) or _question(whole)


def _last_continued(lines: Sequence[str], index: int) -> int:
    while lines[index].endswith("\\") and index + 1 < len(lines):
        index += 1
    return index


def _timed(line: str) -> str:
    """A statement to be measured, by itself, where it stands."""
    found = _RUNS_STATEMENT.match(line)
    if found is None or _COMPOUND.match(line, found.end()):
        return line
    state = _State()
    state.read(line[found.end() :])
    if not state.at_start and not state.continued:
        return line
    return f"{found['indent']}if 1:".ljust(found.end()) + line[found.end() :]


def _command(line: str) -> str | None:
    indent, rest = _split(line)
    mark, content = rest[:1], rest[1:].strip()
    match mark:
        case "!":
            method = "getoutput" if content.startswith("!") else "system"
            return indent + _call(method, content.removeprefix("!").strip())
        case "%":
            return indent + _magic(content)
        case "?":
            return indent + _call("run_line_magic", "pinfo", content.strip("? "))
        case "," | ";" | "/":
            return indent + _call("run_cell", content)
    return None


def _assignment(line: str) -> str | None:
    """`x = !ls` and `x = %magic`."""
    depth = 0
    for token in _TOKEN.finditer(line):
        depth += _step(token["bracket"])
        if token["equals"] and depth == 0:
            told = _ASSIGNED.match(line, token.end())
            if told is None:
                return None
            call = _call("getoutput", told["command"].strip()) if told["command"] else _magic(told["magic"])
            return f"{line[: token.end()]} {call}"
    return None


def _question(line: str) -> str | None:
    """`x?` and `x??`; a question mark in a string or comment asks nothing."""
    found = _QUESTION.search(_State().read(line))
    return _split(line)[0] + _call("run_line_magic", "pinfo", found["about"]) if found else None


def _magic(content: str) -> str:
    name, _, rest = content.partition(" ")
    return _call("run_line_magic", name, rest.strip())


def _call(method: str, *arguments: str) -> str:
    return f"get_ipython().{method}({', '.join(map(ascii, arguments))})"


def _split(line: str) -> tuple[str, str]:
    rest = line.lstrip(" \t")
    return line[: len(line) - len(rest)], rest


def _step(bracket: str | None) -> int:
    return 0 if not bracket else 1 if bracket in "([{" else -1


class _State:
    """Whether the next line begins a statement, told from the lines before it."""

    def __init__(self) -> None:
        self.depth = 0
        self.quotes: str | None = None
        self.continued = False

    @property
    def at_start(self) -> bool:
        return self.depth == 0 and self.quotes is None and not self.continued

    def read(self, line: str) -> str:
        """Takes in one line, and gives back its code: what is in it beside strings and the text of comments."""
        code, offset = "", 0
        self.continued = False
        while True:
            if self.quotes is not None:
                end = _CLOSING[self.quotes].match(line, offset)
                if end is None:
                    return code
                offset, self.quotes = end.end(), None
            token = _TOKEN.search(line, offset)
            if token is None:
                self.continued = line.endswith("\\")
                return code + line[offset:]
            code += line[offset : token.start()]
            offset = token.end()
            self.depth = max(0, self.depth + _step(token["bracket"]))
            self.quotes = token["quotes"]
            if token["comment"]:
                return code + "#"
            if not token["quotes"] and not token["string"]:
                code += token[0]
