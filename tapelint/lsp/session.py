"""One conversation with a client: what both sides know at this moment."""

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from tapelint.lsp.addresses import path_of
from tapelint.lsp.board import Notice, Tongue
from tapelint.lsp.buffers import Buffers
from tapelint.lsp.client import Client
from tapelint.lsp.configuration import SECTION, Configuration, Wishes
from tapelint.lsp.linting import Linter, Result, Snapshot
from tapelint.lsp.verdicts import Verdicts
from tapelint.plugins import BrokenPlugin
from tapelint.run.config import ConfigError
from tapelint.run.outcome import Crash

ISSUES = "https://github.com/tapelint/tapelint/issues"


class Session:
    """What is open, how the client wants it linted, and what it has been told."""

    def __init__(self, pygls: LanguageServer) -> None:
        self.pygls = pygls
        self.client = Client()
        self.home = Path.cwd()
        self.folders: list[Path] = []
        self.buffers = Buffers()
        self.configuration = Configuration(self.home)
        self.verdicts = Verdicts()
        self.linter = Linter(self.snapshot, self._tell, self.fail)
        self._changed = asyncio.Event()
        self._told: dict[str, Notice] = {}
        self._shown: set[str] = set()
        self._complaints: set[str] = set()

    def begin(self, params: types.InitializeParams) -> None:
        """Takes in what the client says about itself."""
        self.client = Client.of(params.capabilities)
        asked = [folder.uri for folder in params.workspace_folders or ()] or [params.root_uri or ""]
        self.folders = [path for name in asked if (path := path_of(name, "", self.home)) is not None]
        self.home = self.folders[0] if self.folders else self.home
        self.configuration = Configuration(self.home)
        said = params.initialization_options
        # Some clients wrap the section, some do not.
        self.wish(said.get(SECTION, said) if isinstance(said, dict) else None)

    def move(self, event: types.WorkspaceFoldersChangeEvent) -> None:
        """Takes in that folders were added to the workspace, or taken out of it."""
        gone = {path_of(folder.uri, "", self.home) for folder in event.removed}
        more = (path_of(folder.uri, "", self.home) for folder in event.added)
        self.folders = [*(path for path in self.folders if path not in gone), *(path for path in more if path)]
        self.stir()
        self.refresh()

    def wish(self, said: object) -> None:
        """Takes in what the user has told the editor."""
        wishes = Wishes.parse(said)
        for complaint in wishes.complaints:
            self.show(complaint, types.MessageType.Warning)
        self.configuration.wish(wishes)

    def snapshot(self) -> Snapshot | None:
        """What is open now; None if the settings cannot be read, which the user is told."""
        paths = self.buffers.paths
        try:
            hierarchy = self.configuration.current(path.parent for path in paths)
        except ConfigError as error:
            self._complain(error)
            return None
        # The next mistake is news, even if it is the same one.
        self._shown -= self._complaints
        self._complaints.clear()
        return Snapshot(
            self.buffers.contents,
            {path: self.buffers.uris(path) for path in paths},
            self.buffers.versions,
            hierarchy,
        )

    def stir(self) -> None:
        """Something has changed that may change what is found."""
        self._changed.set()
        self._changed = asyncio.Event()
        self.linter.stir()

    async def change(self) -> None:
        """Waits until something has changed."""
        await self._changed.wait()

    def notices(self, result: Result, names: Iterable[Path]) -> dict[str, Notice]:
        """What there is to say about these open files."""
        outcome = self.verdicts.applied(result.outcome, result.snapshot.files, result.snapshot.hierarchy)
        asked = {path: result.snapshot.names[path] for path in names if path in result.snapshot.names}
        return Tongue(result.snapshot, self.client.units).notices(outcome, asked)

    async def notice(self, uri: str) -> Notice | None:
        """What there is to say about a text or a cell as it is now; None if it is not open or nobody can tell."""
        result = await self.linter.newest()
        path = self.buffers.owner(uri)
        if result is None or path is None:
            return None
        return self.notices(result, [path]).get(uri)

    def tell_again(self) -> None:
        """Something else than the texts has changed what there is to say about them."""
        result = self.linter.last
        if result is not None:
            self._tell(result)
        self.refresh()

    def publish(self, notice: Notice) -> None:
        """Tells the client about a text, if that is news."""
        before = self._told.get(notice.uri)
        if before is not None and (before.id, before.version) == (notice.id, notice.version):
            return
        self._told[notice.uri] = notice
        params = types.PublishDiagnosticsParams(notice.uri, notice.diagnostics, notice.version)
        self.pygls.text_document_publish_diagnostics(params)

    def withdraw(self, uri: str) -> None:
        """Tells the client that there is nothing more to say about a text."""
        if self._told.pop(uri, None) is not None:
            self.pygls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    def refresh(self) -> None:
        """Asks a client that pulls to pull again: something else than its texts has changed."""
        if self.client.pulls:
            self.pygls.workspace_diagnostic_refresh(None)
        if self.client.refreshes_lenses:
            self.pygls.workspace_code_lens_refresh(None)

    def show(self, message: str, kind: types.MessageType = types.MessageType.Error) -> None:
        """Shows the user a message."""
        self.log(message, kind)
        self.pygls.window_show_message(types.ShowMessageParams(kind, f"tapelint: {message}"))

    def show_once(self, message: str) -> None:
        """Shows the user what is wrong, and not again at every keystroke."""
        if message not in self._shown:
            self._shown.add(message)
            self.show(message)

    def log(self, message: str, kind: types.MessageType = types.MessageType.Info) -> None:
        """Writes a message where curious users look."""
        self.pygls.window_log_message(types.LogMessageParams(kind, message))

    def _tell(self, result: Result) -> None:
        for crash in result.outcome.crashes:
            self._regret(crash)
        current = self.buffers.versions
        for notice in self.notices(result, result.snapshot.names).values():
            is_open = notice.uri in current
            if is_open and current[notice.uri] == notice.version and self._pushes(notice.uri):
                self.publish(notice)

    def _pushes(self, uri: str) -> bool:
        """Whether a text is spoken of unasked. Clients that ask do so for texts, and not for cells."""
        return not self.client.pulls or self.buffers.is_cell(uri)

    def _complain(self, error: ConfigError | BrokenPlugin) -> None:
        self._complaints.add(str(error))
        self.show_once(str(error))

    def _regret(self, crash: Crash) -> None:
        told = f"a bug of {crash.culprit} on `{crash.path.name}`: {crash.error}"
        if told not in self._shown:
            self._shown.add(told)
            self.log(crash.traceback, types.MessageType.Error)
            self.show(told + f"; please report it at {ISSUES}" * (crash.culprit == "tapelint"))

    def fail(self, error: Exception) -> None:
        """Linting has failed: the user is told, and the next text may be better."""
        if isinstance(error, ConfigError | BrokenPlugin):
            self._complain(error)
            return
        logging.getLogger(__name__).error("linting failed", exc_info=error)
        self.show_once(f"linting failed: {type(error).__name__}: {error}; please report it at {ISSUES}")
