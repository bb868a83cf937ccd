"""What a client can do, as it says itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from lsprotocol import types

from tapelint.lsp.units import KNOWN, UTF16, Units


@dataclass(frozen=True, slots=True)
class Client:
    """The capabilities that make a difference here."""

    units: Units = UTF16
    pulls: bool = False
    """It asks for diagnostics, and can be told to ask again. Any other gets them unasked."""
    refreshes_lenses: bool = False
    versions_edits: bool = False
    resolves_edits: bool = False
    shows_progress: bool = False
    configures: bool = False
    watches: bool = False
    reads_markdown: bool = False

    @classmethod
    def of(cls, said: types.ClientCapabilities) -> "Client":
        workspace = said.workspace or types.WorkspaceClientCapabilities()
        texts = said.text_document or types.TextDocumentClientCapabilities()
        offered = (said.general.position_encodings if said.general else None) or ()
        refresh = workspace.diagnostics.refresh_support if workspace.diagnostics else False
        edit = workspace.workspace_edit
        watched = workspace.did_change_watched_files
        resolved = _resolved(texts)
        return cls(
            units=next((units for kind in offered for units in KNOWN if units.kind == kind), UTF16),
            pulls=texts.diagnostic is not None and bool(refresh),
            refreshes_lenses=bool(workspace.code_lens and workspace.code_lens.refresh_support),
            versions_edits=bool(edit and edit.document_changes),
            resolves_edits="edit" in resolved,
            shows_progress=bool(said.window and said.window.work_done_progress),
            configures=bool(workspace.configuration),
            watches=bool(watched and watched.dynamic_registration),
            reads_markdown=_reads_markdown(texts),
        )


def _resolved(texts: types.TextDocumentClientCapabilities) -> Sequence[str]:
    """What of a code action the client asks for only when it is chosen."""
    support = texts.code_action.resolve_support if texts.code_action else None
    return support.properties if support else ()


def _reads_markdown(texts: types.TextDocumentClientCapabilities) -> bool:
    formats = (texts.hover.content_format if texts.hover else None) or ()
    return types.MarkupKind.Markdown in formats
