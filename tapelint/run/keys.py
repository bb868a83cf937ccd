"""The keys of the configuration: what each accepts, what holds without it, and what it is for.

Everything that is said about a key anywhere is made of this: the check of a file, its JSON schema, the documentation.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tapelint.program.target import TARGETS
from tapelint.program.wrappers import ROLES
from tapelint.run.kinds import (
    Count,
    Fields,
    FilePath,
    FunctionName,
    Helpers,
    Kind,
    ListOf,
    OneOf,
    Pattern,
    RuleName,
    Rules,
    Switch,
    TableOf,
    Version,
)
from tapelint.run.settings import DEFAULT_EXCLUDE, DEFAULT_INCLUDE, LEVELS, OUTPUT_FORMATS, THRESHOLDS

COMMAND_LINE_ONLY = frozenset(
    {"add-ignore", "allow-unconfined", "color", "config", "diff", "diff-base", "exit-non-zero-on-fix", "exit-zero",
     "isolated", "no-cache", "output-file", "probe", "quiet", "seconds", "show-files", "show-settings", "silent",
     "statistics", "stdin-filename", "steps", "update-baseline", "verbose", "version", "watch"}
)  # fmt: skip
"""The options of `tapelint check` that concern one run."""


@dataclass(frozen=True)
class Key:
    """One key. `adds` tells what several layers say of it adds up; otherwise the nearest layer's word is the only one.

    `example` is what follows the key and the equals sign.
    """

    name: str
    kind: Kind
    summary: str
    example: str
    default: Any = None
    adds: bool = False


_RULES = ListOf(Rules())
_PATTERNS = ListOf(Pattern())
_BY_FILE = TableOf(Pattern(negatable=True), _RULES)
_NAMES = ListOf(FunctionName())

_KEYS = (
    Key(
        "baseline",
        FilePath(),
        "The file of the findings that are known and not reported. Its path counts from this file.",
        '"tapelint-baseline.json"',
    ),
    Key(
        "exclude",
        _PATTERNS,
        "Files and directories to leave out, instead of the usual ones. Written as in `.gitignore`.",
        '["experiments", "*_old.py"]',
        DEFAULT_EXCLUDE,
    ),
    Key(
        "extend",
        FilePath(),
        "Another configuration file, which this one adds to and amends. Its path counts from this file; `~` and "
        "variables of the environment are understood.",
        '"../tapelint.toml"',
    ),
    Key(
        "extend-exclude",
        _PATTERNS,
        "Files and directories to leave out as well.",
        '["third_party"]',
        adds=True,
    ),
    Key("extend-fixable", _RULES, "Rules whose findings may be fixed as well.", '["TL2"]', adds=True),
    Key("extend-ignore", _RULES, "The same as `ignore`.", '["unseeded-run"]', adds=True),
    Key("extend-include", _PATTERNS, "Files to lint as well where directories are named.", '["*.pyw"]', adds=True),
    Key(
        "extend-per-file-ignores",
        _BY_FILE,
        "Rules that are off in the files which a pattern names, beside those of `per-file-ignores`.",
        '{ "notebooks/*" = ["TL7"] }',
        adds=True,
    ),
    Key("extend-safe-fixes", _RULES, "Rules whose unsafe fixes count as safe.", '["shuffle-after-batch"]', adds=True),
    Key("extend-select", _RULES, "Rules that are on as well.", '["TL9"]', adds=True),
    Key("extend-unsafe-fixes", _RULES, "Rules whose safe fixes count as unsafe.", '["TL8"]', adds=True),
    Key("fix", Switch(), "Whether to mend what can be mended.", "true", False),
    Key("fix-only", Switch(), "Whether to mend what can be mended and report nothing.", "true", False),
    Key("fixable", _RULES, "Rules whose findings may be fixed.", '["TL2", "TL8"]', ("ALL",)),
    Key("force-exclude", Switch(), "Whether to leave out even what is named on the command line.", "true", False),
    Key("ignore", _RULES, "Rules that are off.", '["unseeded-run", "TL9"]', adds=True),
    Key(
        "ignore-suppressions",
        Switch(),
        "Whether to report what comments such as `# tapelint: ignore` and `# noqa` silence.",
        "true",
        False,
    ),
    Key(
        "include",
        _PATTERNS,
        "Files to lint where directories are named. What is neither a notebook nor Markdown by its name is Python.",
        '["train/**/*.py", "*.ipynb"]',
        DEFAULT_INCLUDE,
    ),
    Key("jobs", Count(), "How many processes to use at most; by default as many as there are processors.", "2"),
    Key("output-format", OneOf(OUTPUT_FORMATS), "How findings are printed.", '"concise"', "full"),
    Key(
        "per-file-ignores",
        _BY_FILE,
        "Rules that are off in the files which a pattern names, or with `!` before the pattern in all the others.",
        '{ "tests/*" = ["ALL"], "!train/*" = ["TL7"] }',
    ),
    Key("preview", Switch(), "Whether preview rules can be on.", "true", False),
    Key(
        "required-version",
        Version(),
        "The versions of tapelint that this configuration is for; any other refuses to run.",
        '">=0.1"',
    ),
    Key("respect-gitignore", Switch(), "Whether to leave out what git ignores.", "false", True),
    Key(
        "select",
        _RULES,
        "Rules that are on, and no others: names, codes, beginnings of codes, or `ALL`. Without it, all rules are on "
        "except those that are pedantic, in preview, or of low precision.",
        '["TL1", "unreduced-loss"]',
    ),
    Key(
        "severity",
        TableOf(RuleName(), OneOf(LEVELS)),
        "The level of a rule's findings, which also turns the rule on, or with `off` off.",
        '{ unseeded-run = "warning", TL609 = "off" }',
        adds=True,
    ),
    Key(
        "severity-threshold",
        OneOf(THRESHOLDS),
        "The level from which on a finding makes the exit status 1.",
        '"warning"',
        "info",
    ),
    Key("show-fixes", Switch(), "Whether to list the fixes that were made.", "true", False),
    Key(
        "target",
        Fields({"keras": OneOf(TARGETS)}),
        "The Keras that the code is written for. By default the project's dependencies say it, and otherwise it is 3.",
        '{ keras = "2" }',
    ),
    Key("unfixable", _RULES, "Rules whose findings are never fixed.", '["TL3"]', adds=True),
    Key("unsafe-fixes", Switch(), "Whether to make fixes that change the training, too.", "true", False),
    Key(
        "wrappers",
        Helpers(dict.fromkeys(ROLES, _NAMES)),
        "The names of the project's own functions, under what they do.",
        '{ applies-gradients = ["ourlib.optim.step"], shuffles = ["stir"] }',
        adds=True,
    ),
)

KEYS: Mapping[str, Key] = MappingProxyType({key.name: key for key in _KEYS})
DEFAULTS: Mapping[str, Any] = MappingProxyType({key.name: key.default for key in _KEYS if key.default is not None})


def unknown(key: str, known: Iterable[str] = KEYS) -> str:
    """What to tell whoever wrote a key that does not exist."""
    if key in COMMAND_LINE_ONLY:
        return f"`{key}` is an option of the command line, not a setting"
    close = difflib.get_close_matches(key.replace("_", "-"), list(known), n=1)
    return f"unknown key `{key}`" + (f", did you mean `{close[0]}`?" if close else "")
