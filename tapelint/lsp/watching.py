"""The files beside the open ones that matter, of whose changes the client is asked to tell."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from lsprotocol import types

from tapelint.lsp.configuration import SECTION
from tapelint.run.config import FILE_NAMES
from tapelint.source.formats import SUFFIXES

_PATTERNS = (
    *(f"**/*{suffix}" for suffix in SUFFIXES),
    *(f"**/{name}" for name in FILE_NAMES),
    "**/requirements*.txt",
    "**/*.lock",
    "**/.gitignore",
)


def registrations() -> list[types.Registration]:
    """What a client is asked to tell."""
    watchers = [types.FileSystemWatcher(pattern) for pattern in _PATTERNS]
    return [
        types.Registration(
            "tapelint-files",
            types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
            types.DidChangeWatchedFilesRegistrationOptions(watchers),
        ),
        types.Registration(
            "tapelint-settings",
            types.WORKSPACE_DID_CHANGE_CONFIGURATION,
            types.DidChangeConfigurationRegistrationOptions(SECTION),
        ),
    ]


def have_a_say(uris: Iterable[str]) -> bool:
    """Whether one of these files has a say in the settings: any that is no program."""
    return any(not PurePosixPath(unquote(urlsplit(uri).path)).name.endswith(SUFFIXES) for uri in uris)
