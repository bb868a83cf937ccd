"""Reading source files."""

import dataclasses
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tapelint.source.document import Document, OtherLanguage, UndecodableSource
from tapelint.source.formats import decode, is_notebook
from tapelint.source.notebook_lines import lines_in_file


class UnreadableFile(OSError):
    """A file that cannot be read; the message is the system's reason."""


@dataclass(frozen=True)
class Files:
    """The files as they are on the disk, but for those that have `other` contents as far as the reader is concerned."""

    other: Mapping[Path, bytes] = field(default_factory=dict)

    def read(self, path: Path) -> bytes:
        """The bytes of a file. Raises UnreadableFile."""
        if path in self.other:
            return self.other[path]
        try:
            return path.read_bytes()
        except OSError as error:
            raise UnreadableFile(error.strerror or str(error)) from None

    def load(self, path: Path) -> Document | None:
        """The document in a file, or None if there is no such file or it holds no text: what an import asks for."""
        try:
            return decode(path, self.read(path))
        except (UnreadableFile, UndecodableSource, OtherLanguage):
            return None

    def placed(self, document: Document) -> Document:
        """The document, with the lines of the file that it stands on if it is a notebook that has not changed."""
        if document.file_lines or not is_notebook(document.path):
            return document
        try:
            data = self.read(document.path)
            unchanged = decode(document.path, data).written == document.written
        except (UnreadableFile, UndecodableSource, OtherLanguage):
            return document
        return dataclasses.replace(document, file_lines=lines_in_file(data)) if unchanged else document


ON_DISK = Files()


class ChangedMeanwhile(OSError):
    """A file whose contents are no longer those that a change is meant for."""


def replace(path: Path, before: bytes, after: bytes) -> None:
    """Gives a file other contents, at once.

    Raises ChangedMeanwhile if it does not hold `before` any more, and OSError if it cannot be written.
    """
    if path.read_bytes() != before:
        raise ChangedMeanwhile("somebody else has changed the file in the meantime")
    put(path, after)


def put(path: Path, data: bytes) -> None:
    """Writes a file, at once: whoever reads it sees all of the old or all of the new. Raises OSError."""
    target = path.resolve()  # A link stays a link.
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, draft)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
