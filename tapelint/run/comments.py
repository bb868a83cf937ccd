"""The comments by which a program asks tapelint to be silent, and the lines that each of them speaks for."""

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from tapelint import catalog
from tapelint.catalog import Rule
from tapelint.plugins import OURS
from tapelint.source.document import Document
from tapelint.source.span import Position, Span

_OURS = re.compile(r"#\s*tapelint:\s*(?P<word>[\w-]+)\s*(?P<list>\[(?P<names>[^\]#]*)(?P<closed>\])?)?[^#]*")
_NOQA = re.compile(r"#\s*noqa(?![\w-])(?P<colon>\s*:\s*(?P<codes>[A-Z]+\d+(?:[\s,]+[A-Z]+\d+)*\b)?)?", re.IGNORECASE)
_NAME = re.compile(r"[^\s,]+")
_OUR_CODE = re.compile(OURS + r"\d+", re.IGNORECASE)
_WORDS = ("ignore", "ignore-file")

Fault = Literal["unclosed", "unknown word"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule that a comment names. `rule` is None if no rule has that name."""

    text: str
    rule: Rule | None
    span: Span


@dataclass(frozen=True, slots=True)
class Suppression:
    """One such comment. `lines` are those it speaks for, None for the whole file; without entries it means every rule.

    `ours` tells `# tapelint:` from `# noqa`, which other tools read as well. A comment with a `fault` means nothing.
    """

    text: str
    span: Span
    lines: frozenset[int] | None
    entries: tuple[Entry, ...] = ()
    blanket: bool = False
    ours: bool = True
    fault: Fault | None = None

    def speaks_for(self, line: int) -> bool:
        return self.fault is None and (self.lines is None or line in self.lines)


class Layout:
    """Where comments and statements lie in a text, and which lines have room for a comment at their end."""

    def __init__(self, document: Document) -> None:
        self.comments: list[tokenize.TokenInfo] = []
        self._statements: list[range] = []
        self._ends: set[int] = set()
        for first_line, text in document.pieces:
            self._read(_tokens(text, first_line))

    def _read(self, tokens: Iterator[tokenize.TokenInfo]) -> None:
        first: int | None = None
        strings = 0
        for token in tokens:
            strings += _STRING_DEPTH.get(tokenize.tok_name[token.type], 0)
            if token.type == tokenize.COMMENT:
                self.comments.append(token)
            elif token.type == tokenize.NEWLINE:
                self._statements.append(range(first or token.start[0], token.start[0] + 1))
                first = None
            elif first is None and token.type not in _LAYOUT_TOKENS:
                first = token.start[0]
            if token.type in (tokenize.NEWLINE, tokenize.NL) and not strings:
                self._ends.add(token.start[0])

    def around(self, line: int) -> frozenset[int]:
        """The line, and all of the statement that begins or ends on it."""
        return frozenset(self._by_border.get(line, ())) | {line}

    def meant_by(self, comment: tokenize.TokenInfo) -> frozenset[int]:
        """The lines a comment speaks for: its own, and those below where it stands alone."""
        line = comment.start[0]
        if line not in self._comment_lines:
            return self.around(line)
        while line in self._comment_lines:
            line += 1
        return self.around(line) | {comment.start[0]}

    def room_for(self, line: int) -> int | None:
        """The line at whose end a comment may stand that speaks for `line`: itself, or the last one of its statement.

        A line that ends inside a string, or with a backslash, has no room. None if no line is known to have any.
        """
        if line in self._ends:
            return line
        return next((statement[-1] for statement in self._statements if line in statement), None)

    @cached_property
    def _by_border(self) -> dict[int, range]:
        return {line: statement for statement in self._statements for line in (statement[0], statement[-1])}

    @cached_property
    def _comment_lines(self) -> frozenset[int]:
        """The lines that hold a comment and nothing else."""
        return frozenset(token.start[0] for token in self.comments if not token.line[: token.start[1]].strip())


def suppressions(document: Document) -> list[Suppression]:
    """The suppressions in a document, in order. In a text that is not Python, those before the tokenizer gave up."""
    if not ("tapelint:" in document.text or "noqa" in document.text.lower()):
        return []
    layout = Layout(document)
    found: list[Suppression] = []
    for comment in layout.comments:
        found.extend(_ours(comment, layout))
        found.extend(_noqa(comment, layout))
    return found


def _ours(comment: tokenize.TokenInfo, layout: Layout) -> Iterator[Suppression]:
    for match in _OURS.finditer(comment.string):
        word, listed = match["word"], match["list"] is not None
        text = match[0].rstrip()
        span = _span(comment, match.start(), match.start() + len(text))
        if word not in _WORDS:
            if listed:  # without brackets it is prose that happens to begin with our name
                yield Suppression(text, span, None, fault="unknown word")
        elif listed and not match["closed"]:
            yield Suppression(text, span, None, fault="unclosed")
        else:
            lines = None if word == "ignore-file" else layout.meant_by(comment)
            entries = tuple(_entries(comment, match, "names")) if listed else ()
            yield Suppression(text, span, lines, entries, blanket=not listed)


def _noqa(comment: tokenize.TokenInfo, layout: Layout) -> Iterator[Suppression]:
    for match in _NOQA.finditer(comment.string):
        if match["colon"] and not match["codes"]:
            continue  # a colon without codes is a mistake for every tool that reads this comment
        entries = tuple(
            each for each in _entries(comment, match, "codes") if each.rule or _OUR_CODE.fullmatch(each.text)
        )
        if entries or not match["codes"]:
            lines = layout.around(comment.start[0])
            span = _span(comment, match.start(), match.end())
            yield Suppression(match[0], span, lines, entries, blanket=not match["codes"], ours=False)


def _entries(comment: tokenize.TokenInfo, match: re.Match[str], group: str) -> Iterator[Entry]:
    for name in _NAME.finditer(match[group] or ""):
        start = match.start(group) + name.start()
        yield Entry(name[0], catalog.find(name[0]), _span(comment, start, start + len(name[0])))


def _span(comment: tokenize.TokenInfo, start: int, end: int) -> Span:
    line, column = comment.start[0], comment.start[1] + 1
    return Span(Position(line, column + start), Position(line, column + end))


_LAYOUT_TOKENS = frozenset((tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER))
# From Python 3.12 on the tokens of what stands in a string between braces are seen, too.
_STRING_DEPTH = {"FSTRING_START": 1, "FSTRING_END": -1, "TSTRING_START": 1, "TSTRING_END": -1}


def _tokens(text: str, first: int) -> Iterator[tokenize.TokenInfo]:
    """The tokens of a text that begins on line `first`, until the tokenizer gives up."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text, newline=None).readline):
            yield _lowered(token, first - 1)
    except (tokenize.TokenError, SyntaxError, UnicodeError):  # lone surrogates are beyond newer tokenizers
        return


def _lowered(token: tokenize.TokenInfo, lines: int) -> tokenize.TokenInfo:
    """The token, so many lines farther down."""
    (start, column), (end, end_column) = token.start, token.end
    return token._replace(start=(start + lines, column), end=(end + lines, end_column))
