"""Lines of a report before they meet paper, as pieces of text that know what they are; and paper, plain or coloured."""

import itertools
import re
from collections.abc import Iterable, Mapping
from typing import Literal

from tapelint.finding import Severity, VerdictKind

Role = Literal[
    "plain", "error", "warning", "info", "strong", "path", "gutter", "step", "note", "confirmed", "refuted", "undecided"
]
Piece = tuple[str, Role]
Line = tuple[Piece, ...]

# Only the sixteen colours of every terminal, so that the reader's own scheme decides what they look like. The numbers
# are ECMA-48's "select graphic rendition": 1 is bold, 31 to 36 are red, green, yellow, blue, magenta and cyan.
_RENDITIONS: Mapping[Role, str] = {
    "plain": "",
    "error": "1;31",
    "warning": "1;33",
    "info": "1;36",
    "strong": "1",
    "path": "36",
    "gutter": "1;34",
    "step": "35",
    "note": "1",
    "confirmed": "1;31",
    "refuted": "1;32",
    "undecided": "1;33",
}

SEVERITIES: Mapping[Severity, Role] = {"error": "error", "warning": "warning", "info": "info", "off": "plain"}
VERDICTS: Mapping[VerdictKind, Role] = {
    "confirmed": "confirmed",
    "refuted": "refuted",
    "unreached": "undecided",
    "unable": "undecided",
}

# Directional overrides make a terminal show code in an order in which Python does not read it.
_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_HALVES = re.compile("[\ud800-\udfff]")
_CONTROL_PICTURES = 0x2400
_LAST_CONTROL, _DELETE = 0x1F, 0x7F


def defuse(text: str) -> str:
    """The text without characters that would command the terminal or reorder what it shows: pictures stand for them."""
    return _UNSHOWABLE.sub(_picture, whole(text))


def whole(text: str) -> str:
    """The text without halves of characters: Python puts them where the bytes of a file's name are no text."""
    return _HALVES.sub("\ufffd", text)


def plain(lines: Iterable[Line]) -> str:
    return "".join(_text(line) + "\n" for line in lines)


def coloured(lines: Iterable[Line]) -> str:
    """The lines with the escape sequences of a colour terminal."""
    return "".join(_dyed(line).rstrip(" ") + "\n" for line in lines)


def _text(line: Line) -> str:
    return "".join(piece for piece, _ in line).rstrip(" ")


def _dyed(line: Line) -> str:
    runs = itertools.groupby(line, key=lambda piece: piece[1])
    return "".join(_dye("".join(text for text, _ in pieces), role) for role, pieces in runs)


def _dye(text: str, role: Role) -> str:
    rendition = _RENDITIONS[role]
    return f"\x1b[{rendition}m{text}\x1b[0m" if rendition and text else text


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code <= _LAST_CONTROL:
        return chr(_CONTROL_PICTURES + code)
    return "\u2421" if code == _DELETE else "\ufffd"
