"""The kinds of files that are read, told by their names."""

from collections.abc import Callable
from pathlib import Path

from tapelint.source.document import Document
from tapelint.source.notebook import read_notebook
from tapelint.source.snippets import read_markdown

_READERS: dict[str, Callable[[Path, bytes], Document]] = {
    ".py": Document.decode,
    ".ipynb": read_notebook,
    ".md": read_markdown,
    ".markdown": read_markdown,
}
SUFFIXES = tuple(_READERS)
"""What the names of files end with that are read wherever they are found."""


def is_notebook(path: Path) -> bool:
    """Whether a file, by its name, is a notebook."""
    return _READERS.get(path.suffix.lower()) is read_notebook


def is_markdown(path: Path) -> bool:
    """Whether a file, by its name, is Markdown."""
    return _READERS.get(path.suffix.lower()) is read_markdown


def decode(path: Path, data: bytes) -> Document:
    """The document in a file with these contents. Whatever has no other kind by its name is Python.

    Raises UndecodableSource.
    """
    return _READERS.get(path.suffix.lower(), Document.decode)(path, data)
