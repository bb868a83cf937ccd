"""The settings in force, and where each of them came from."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tapelint.finding import Severity
from tapelint.program.target import Target
from tapelint.program.wrappers import Wrappers
from tapelint.run.select import Selection, Selector, preview_rules_asked_for, rules_in_force
from tapelint.source.patterns import Patterns

OUTPUT_FORMATS = ("full", "concise", "json", "lsp", "html")
LEVELS: Sequence[Severity] = ("error", "warning", "info", "off")
THRESHOLDS = LEVELS[:3]
DEFAULT_EXCLUDE = (
    *(".bzr", ".direnv", ".eggs", ".git", ".git-rewrite", ".hg", ".ipynb_checkpoints", ".mypy_cache", ".nox"),
    *(".pants.d", ".pyenv", ".pytest_cache", ".pytype", ".ruff_cache", ".svn", ".tapelint_cache", ".tox", ".venv"),
    *(".vscode", "__pycache__", "__pypackages__", "_build", "buck-out", "build", "dist", "node_modules"),
    *("site-packages", "venv"),
)


@dataclass(frozen=True, eq=False)
class Layer:
    """What one place says: the defaults, a configuration file, `--config`, the options of the command line.

    `values` are checked and keyed as in a configuration file; `place` says where a key stands, when somebody asks.
    Patterns count from `root`.
    """

    values: Mapping[str, Any]
    root: Path
    place: Callable[[str], str] = lambda _: "default"

    @property
    def selection(self) -> Selection:
        """The layer's say in which rules are on."""
        ignored = (*self.values.get("ignore", ()), *self.values.get("extend-ignore", ()))
        return Selection(self.values.get("select"), self.values.get("extend-select", ()), ignored)


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
class Source:
    """One value that is in force, and where it came from."""

    key: str
    value: Any
    layer: Layer

    @property
    def place(self) -> str:
        """A file and line, an option, or `default`."""
        return self.layer.place(self.key)


@dataclass(frozen=True)
class Settings:
    """What is in force for the files of one directory. `severities` holds only the levels that somebody asked for."""

    rules: frozenset[str]
    severities: Mapping[str, Severity] = field(default_factory=dict)
    file_ignores: tuple[FileIgnores, ...] = ()
    exclude: tuple[Patterns, ...] = ()
    force_exclude: bool = False
    respect_gitignore: bool = True
    output_format: str = "full"
    severity_threshold: Severity = "info"
    jobs: int | None = None
    preview: bool = False
    wrappers: Wrappers = field(default_factory=Wrappers)
    target: Target | None = None
    fix: bool = False
    fix_only: bool = False
    show_fixes: bool = False
    unsafe_fixes: bool = False
    sources: tuple[Source, ...] = ()
    warnings: tuple[str, ...] = ()

    def rules_for(self, path: Path) -> frozenset[str]:
        """The names of the rules that are on in one file."""
        off = (ignores.rules for ignores in self.file_ignores if ignores.concern(path))
        return self.rules.difference(*off)


DEFAULTS: Mapping[str, Any] = {
    "exclude": DEFAULT_EXCLUDE,
    "fix": False,
    "fix-only": False,
    "force-exclude": False,
    "output-format": "full",
    "preview": False,
    "respect-gitignore": True,
    "severity-threshold": "info",
    "show-fixes": False,
    "unsafe-fixes": False,
}
SELECTING = ("select", "ignore", "extend-select", "extend-ignore")
ADDING = ("extend-exclude", "severity", "wrappers")


def merge(layers: Sequence[Layer] = ()) -> Settings:
    """The settings that come of the defaults and the layers, the farthest first."""
    stack = (Layer(DEFAULTS, Path("/")), *layers)
    last = {key: layer for layer in stack for key in layer.values}
    value = {key: layer.values[key] for key, layer in last.items()}
    selections = [layer.selection for layer in stack]
    levels = {rule: level for layer in stack for rule, level in layer.values.get("severity", {}).items()}
    rules = rules_in_force(selections, preview=value["preview"], levels=levels)
    ignores = last.get("per-file-ignores")
    return Settings(
        rules=rules,
        severities={rule: level for rule, level in levels.items() if level != "off"},
        file_ignores=_file_ignores(ignores) if ignores else (),
        exclude=_exclusions(last["exclude"], stack),
        force_exclude=value["force-exclude"],
        respect_gitignore=value["respect-gitignore"],
        output_format=value["output-format"],
        severity_threshold=value["severity-threshold"],
        jobs=value.get("jobs"),
        preview=value["preview"],
        wrappers=_wrappers(stack),
        target=value.get("target", {}).get("keras"),
        fix=value["fix"],
        fix_only=value["fix-only"],
        show_fixes=value["show-fixes"],
        unsafe_fixes=value["unsafe-fixes"],
        sources=_sources(stack, last),
        warnings=tuple(
            f"selecting `{text}` has no effect: it is a preview rule, and preview is off"
            for text in preview_rules_asked_for(selections, rules)
        ),
    )


def _file_ignores(layer: Layer) -> tuple[FileIgnores, ...]:
    entries: Mapping[str, Sequence[str]] = layer.values["per-file-ignores"]
    return tuple(FileIgnores.parse(pattern, selectors, layer.root) for pattern, selectors in entries.items())


def _wrappers(stack: Sequence[Layer]) -> Wrappers:
    """The helpers that the layers name; of one that several name, the last says what it does."""
    roles = {
        name: role for layer in stack for role, names in layer.values.get("wrappers", {}).items() for name in names
    }
    return Wrappers(tuple(sorted(roles.items())))


def _exclusions(exclude: Layer, stack: Sequence[Layer]) -> tuple[Patterns, ...]:
    own = Patterns(exclude.root, tuple(exclude.values["exclude"]))
    more = (Patterns(layer.root, layer.values["extend-exclude"]) for layer in stack if "extend-exclude" in layer.values)
    return (own, *more)


def _sources(stack: Sequence[Layer], last: Mapping[str, Layer]) -> tuple[Source, ...]:
    """What is in force, key by key."""
    # A layer that selects makes void what the layers before it said about rules.
    selecting = max((number for number, layer in enumerate(stack) if "select" in layer.values), default=0)

    def counts(key: str, number: int) -> bool:
        if key in SELECTING:
            return number >= selecting
        return key in ADDING or last[key] is stack[number]

    return tuple(
        Source(key, value, layer)
        for number, layer in enumerate(stack)
        for key, value in layer.values.items()
        if counts(key, number)
    )
