"""HTML that is right by construction: text is escaped as it comes in, and only what was made here counts as markup."""

import html
import re

from tapelint.report.ink import defuse

VOID = frozenset({"meta", "link", "br", "hr", "col", "wbr"})
_NO_CHARACTERS = re.compile("[\ufdd0-\ufdef\ufffe\uffff]")
_QUOTED = re.compile("`([^`]+)`")


class Html(str):
    """Markup that is finished, and goes into a page as it is."""

    __slots__ = ()


Content = str | None
"""Text, which gets escaped; markup, which does not; or nothing."""


def legible(text: str) -> str:
    """The text without what no page may contain: pictures or the replacement character stand for it."""
    return _NO_CHARACTERS.sub("\ufffd", defuse(text))


def markup(content: Content) -> Html:
    """Text as markup; what is markup already stays as it is."""
    if content is None:
        return Html("")
    return content if isinstance(content, Html) else Html(html.escape(legible(content)))


def joined(*contents: Content) -> Html:
    """One after the other."""
    return Html("".join(map(markup, contents)))


def tag(name: str, /, *contents: Content, **attributes: str | int | None) -> Html:
    """An element. An attribute that is None is left out; `class_` is `class`, and `aria_label` is `aria-label`."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{markup(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    opening = f"<{name}{told}>"
    return Html(opening if name in VOID else f"{opening}{joined(*contents)}</{name}>")


def prose(message: str) -> Html:
    """A message, in which what stands between backquotes is code."""
    pieces = _QUOTED.split(message)
    return joined(*(tag("code", piece) if index % 2 else piece for index, piece in enumerate(pieces)))
