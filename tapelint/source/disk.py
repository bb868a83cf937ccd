"""Reading source files."""

from pathlib import Path

from tapelint.source.document import Document, OtherLanguage, UndecodableSource
from tapelint.source.formats import decode


class UnreadableFile(OSError):
    """A file that cannot be read; the message is the system's reason."""


def read(path: Path) -> bytes:
    """The bytes of a file. Raises UnreadableFile."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFile(error.strerror or str(error)) from None


def load(path: Path) -> Document | None:
    """The document in a file, or None if there is no such file or it holds no text: what an import asks for."""
    try:
        return decode(path, read(path))
    except (UnreadableFile, UndecodableSource, OtherLanguage):
        return None
