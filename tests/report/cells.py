"""A second opinion on how wide characters are, from the Unicode database, to hold the report's own against."""

import unicodedata


def width(text: str) -> int:
    return sum(_width(character) for character in text)


def between(text: str, start: int, end: int) -> str:
    """The characters in the cells from `start` up to `end`, and those without a cell that follow them."""
    kept, cell = "", 0
    for character in text:
        if start <= cell < end or (start < cell <= end and not _width(character)):
            kept += character
        cell += _width(character)
    return kept


def _width(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
