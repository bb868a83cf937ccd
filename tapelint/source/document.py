"""A text to lint, and where it came from."""

import io
import tokenize
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


class UndecodableSource(ValueError):
    """The bytes of a file are not text in the encoding they declare; the message says which and where."""


@dataclass(frozen=True)
class Document:
    """The text of one source file, or of an editor's buffer under that file's name."""

    path: Path
    text: str

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines without their ends; `lines[n - 1]` is line `n`."""
        return tuple(line.rstrip("\r\n") for line in io.StringIO(self.text, newline=None))

    @classmethod
    def decode(cls, path: Path, data: bytes) -> "Document":
        """The document in `data`, honouring a byte order mark and a PEP 263 coding line.

        Raises UndecodableSource for binary data, an unknown encoding or bytes that the encoding does not have.
        """
        if b"\0" in data:
            raise UndecodableSource("the file is binary: it contains NUL bytes")
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
            return cls(path, data.decode(encoding))
        except SyntaxError as error:
            raise UndecodableSource(error.msg) from None
        except UnicodeDecodeError as error:
            raise UndecodableSource(
                f"byte {error.start} (0x{data[error.start]:02x}) is not valid {error.encoding}"
            ) from None
