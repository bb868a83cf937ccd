"""Linting as a function call: what `import tapelint` offers, and what the command line itself uses."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from tapelint.finding import Severity
from tapelint.program.target import Target
from tapelint.program.wrappers import Role
from tapelint.run.audience import Audience
from tapelint.run.config import checked
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.lint import lint as lint_files
from tapelint.run.lint import lint_text
from tapelint.run.outcome import Outcome
from tapelint.source.disk import ON_DISK, Files

StrPath = str | os.PathLike[str]
UNNAMED = Path("-")


class Options(TypedDict, total=False):
    """Settings as arguments: the keys of a configuration file, with underscores."""

    exclude: Sequence[str]
    extend_exclude: Sequence[str]
    extend_fixable: Sequence[str]
    extend_ignore: Sequence[str]
    extend_include: Sequence[str]
    extend_per_file_ignores: Mapping[str, Sequence[str]]
    extend_safe_fixes: Sequence[str]
    extend_select: Sequence[str]
    extend_unsafe_fixes: Sequence[str]
    fixable: Sequence[str]
    force_exclude: bool
    ignore: Sequence[str]
    ignore_suppressions: bool
    include: Sequence[str]
    jobs: int
    per_file_ignores: Mapping[str, Sequence[str]]
    preview: bool
    respect_gitignore: bool
    select: Sequence[str]
    severity: Mapping[str, Severity]
    target: Mapping[Literal["keras"], Target]
    unfixable: Sequence[str]
    wrappers: Mapping[Role, Sequence[str]]


def configure(config: StrPath | None = None, *, isolated: bool = False, **settings: Unpack[Options]) -> Hierarchy:
    """What `lint` goes by: these settings, and beneath them what configuration files say.

    That is the file `config`, or by default for each file that is linted the nearest one above it, or with `isolated`
    none at all. Raises ConfigError.
    """
    here = Path.cwd()
    for name in settings:
        if name not in Options.__annotations__:
            raise TypeError(f"there is no setting `{name}`, there are {', '.join(Options.__annotations__)}")
    table = {name.replace("_", "-"): _plain(value) for name, value in settings.items()}
    layer = checked(table, here, lambda *inside: inside[0].replace("-", "_"))
    return Hierarchy.configured(here, [layer], file=Path(config) if config is not None else None, isolated=isolated)


def lint(
    paths: StrPath | Iterable[StrPath] | None = None,
    *,
    source: str | bytes | None = None,
    filename: StrPath = UNNAMED,
    configuration: Hierarchy | None = None,
    audience: Audience | None = None,
    files: Files = ON_DISK,
    **settings: Unpack[Options],
) -> Outcome:
    """What is found in files and directories, or in `source` as if it were the contents of `filename`.

    Without either, the working directory is linted. Settings are given as arguments, or together with the choice of a
    configuration file as `configuration`, which `configure` makes. Raises ConfigError and MissingPath.
    """
    if configuration is None:
        configuration = configure(**settings)
    elif settings:
        raise TypeError("settings are an argument of `configure` if there is a `configuration`")
    if source is not None:
        if paths is not None:
            raise TypeError("either `paths` or `source` can be linted, not both")
        return lint_text(_absolute(filename), _bytes(source), configuration, audience)
    return lint_files(_paths(paths), configuration, audience, files)


def _paths(paths: StrPath | Iterable[StrPath] | None) -> list[Path]:
    if paths is None:
        return [Path()]
    return [Path(paths)] if isinstance(paths, str | os.PathLike) else list(map(Path, paths))


def _absolute(filename: StrPath) -> Path:
    return UNNAMED if Path(filename) == UNNAMED else Path.cwd() / filename


def _bytes(source: str | bytes) -> bytes:
    return source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source


def _plain(value: Any) -> Any:
    """A value in the types that a configuration file has."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return list(value) if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str) else value
