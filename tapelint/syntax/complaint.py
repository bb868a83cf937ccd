"""What is wrong with a text that is not Python, in words for the person who wrote it.

Python's own parser says it best, and knows the place better than LibCST does, so it is asked once LibCST has refused.
"""

import ast
import re
import warnings

from tapelint.source.span import Position

_PLACE = re.compile(r"parser error: error at (\d+):(\d+)")
_QUOTED = re.compile(r"'([^']+)'")
_SENTENCE = re.compile(r"\. ([A-Z])")
_WORD = re.compile(r"\w+|\S")
_PYTHON_2_STATEMENT = re.compile(r"Missing parentheses in call to '(\w+)'")
_MERGE_MARKER = re.compile(r"(?:<{7}|={7}|>{7})(?:\s|$)")
_NOTEBOOK_COMMAND = re.compile(r"\s*([%!]\s*\S+)")


def complaint(text: str, refusal: str) -> tuple[str, Position]:
    """Why `text` is not Python, and where. `refusal` is what LibCST said about it."""
    lines = re.split(r"\r\n|\r|\n", text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as error:
        position = _within(lines, error.lineno or 1, error.offset or 1)
        if isinstance(error, IndentationError):
            position = _first_word(lines, position.line)
        return _reworded(error.msg, lines, position), position
    except (ValueError, MemoryError, RecursionError):
        pass  # a text with lone surrogates, or one too deep for Python: what LibCST said has to do
    return _refused(refusal, lines)


def _within(lines: list[str], line: int, column: int) -> Position:
    line = min(max(line, 1), len(lines))
    return Position(line, min(max(column, 1), len(lines[line - 1]) + 1))


def _first_word(lines: list[str], line: int) -> Position:
    text = lines[line - 1]
    return Position(line, len(text) - len(text.lstrip()) + 1)


def _reworded(message: str, lines: list[str], position: Position) -> str:
    line = lines[position.line - 1]
    if statement := _PYTHON_2_STATEMENT.match(message):
        return f"`{statement[1]}` without parentheses is Python 2: in Python 3 it is a function"
    if _MERGE_MARKER.match(line):
        return "a merge was never finished: this line is a conflict marker"
    if command := _NOTEBOOK_COMMAND.match(line):
        return f"`{command[1]}` is a notebook command, not Python"
    if message == "invalid syntax" and (word := _WORD.match(line, position.column - 1)):
        return f"invalid syntax at `{word[0]}`"
    message = _SENTENCE.sub(lambda start: f"; {start[1].lower()}", _QUOTED.sub(r"`\1`", message))
    return message[:1].lower() + message[1:]


def _refused(refusal: str, lines: list[str]) -> tuple[str, Position]:
    """LibCST's words for a text that Python accepts, or has no words for."""
    if place := _PLACE.match(refusal):
        position = _within(lines, int(place[1]), int(place[2]) + 1)
        before = list(_WORD.finditer(lines[position.line - 1], 0, position.column - 1))
        if before:  # LibCST names the end of the word it did not expect
            return f"unexpected `{before[-1][0]}`", Position(position.line, before[-1].start() + 1)
        return "unexpected end of the line", position
    message = _QUOTED.sub(r"`\1`", refusal.removeprefix("tokenizer error: ").splitlines()[0].rstrip("."))
    return message[:1].lower() + message[1:], Position(1, 1)
