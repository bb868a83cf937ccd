"""The kinds of files that are read, told by their names."""

from pathlib import Path

from tapelint.source.document import Document
from tapelint.source.notebook import read_notebook

NOTEBOOK = ".ipynb"
SUFFIXES = (".py", NOTEBOOK)


def is_wrapped(path: Path) -> bool:
    """Whether the Python in a file is wrapped up in something else, by the file's name."""
    return path.suffix.lower() in SUFFIXES[1:]


def decode(path: Path, data: bytes) -> Document:
    """The document in a file with these contents. Whatever has no other kind by its name is Python.

    Raises UndecodableSource.
    """
    if path.suffix.lower() == NOTEBOOK:
        return read_notebook(path, data)
    return Document.decode(path, data)
