"""The settings in force."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tapelint.finding import Safety, Severity
from tapelint.program.target import Target
from tapelint.program.wrappers import Wrappers
from tapelint.run.select import Selector
from tapelint.source.discover import USUAL, Wanted
from tapelint.source.formats import SUFFIXES
from tapelint.source.patterns import Patterns

OUTPUT_FORMATS = (
    *("full", "concise", "grouped", "json", "json-lines"),
    *("sarif", "github", "gitlab", "junit", "rdjson", "lsp", "html"),
)
LEVELS: Sequence[Severity] = ("error", "warning", "info", "off")
THRESHOLDS = LEVELS[:3]
DEFAULT_INCLUDE = tuple(f"*{suffix}" for suffix in SUFFIXES)
DEFAULT_EXCLUDE = (
    *(".bzr", ".direnv", ".eggs", ".git", ".git-rewrite", ".hg", ".ipynb_checkpoints", ".mypy_cache", ".nox"),
    *(".pants.d", ".pyenv", ".pytest_cache", ".pytype", ".ruff_cache", ".svn", ".tapelint_cache", ".tox", ".venv"),
    *(".vscode", "__pycache__", "__pypackages__", "_build", "buck-out", "build", "dist", "node_modules"),
    *("site-packages", "venv"),
)


@dataclass(frozen=True)
class FileIgnores:
    """Rules that are off in the files which a pattern names, or with `!` before it in all the others."""

    patterns: Patterns
    negated: bool
    rules: frozenset[str]

    @classmethod
    def parse(cls, pattern: str, selectors: Iterable[str], root: Path) -> "FileIgnores":
        """The meaning of one entry of `per-file-ignores`."""
        negated = pattern.startswith("!")
        rules = frozenset(rule.name for text in selectors for rule in Selector.parse(text).rules)
        return cls(Patterns(root, (pattern.removeprefix("!"),)), negated, rules)

    def concern(self, path: Path) -> bool:
        """Whether the entry speaks of this file."""
        return self.patterns.matches(str(path)) is not self.negated


@dataclass(frozen=True)
class Settings:
    """What is in force for the files of one directory.

    `severities` holds only the levels that somebody asked for, `safety` only what they said about fixes.
    """

    rules: frozenset[str]
    severities: Mapping[str, Severity] = field(default_factory=dict)
    file_ignores: tuple[FileIgnores, ...] = ()
    exclude: tuple[Patterns, ...] = ()
    wanted: Wanted = USUAL
    force_exclude: bool = False
    respect_gitignore: bool = True
    output_format: str = "full"
    severity_threshold: Severity = "info"
    jobs: int | None = None
    baseline: Path | None = None
    preview: bool = False
    wrappers: Wrappers = field(default_factory=Wrappers)
    target: Target | None = None
    fix: bool = False
    fix_only: bool = False
    show_fixes: bool = False
    unsafe_fixes: bool = False
    unfixable: frozenset[str] = frozenset()
    ignore_suppressions: bool = False
    safety: Mapping[str, Safety] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def rules_for(self, path: Path) -> frozenset[str]:
        """The names of the rules that are on in one file."""
        off = (ignores.rules for ignores in self.file_ignores if ignores.concern(path))
        return self.rules.difference(*off)
