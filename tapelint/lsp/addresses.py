"""What the URIs of a client mean on this machine, and how files are named to it."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

_SUFFIXES = {"python": ".py", "markdown": ".md"}
"""What a text without a file would end with, by its language."""


def path_of(uri: str, language: str, home: Path) -> Path | None:
    """The file that a URI names; for a text that was never saved, the one it could become in the client's directory.

    None where there is no such thing: an old version of a file, what a program has printed, a file elsewhere.
    """
    parts = urlsplit(uri)
    if parts.scheme == "file":
        host = f"//{parts.netloc}" if parts.netloc not in ("", "localhost") else ""
        return Path(os.path.normpath(url2pathname(host + parts.path)))
    if parts.scheme == "untitled":
        name = Path(unquote(parts.path)).name or "untitled"
        suffix = "" if name.endswith(tuple(_SUFFIXES.values())) else _SUFFIXES.get(language, "")
        return home / (name + suffix)
    return None
