"""Packages with rules, put where Python finds them as if they had been installed."""

from collections.abc import Mapping
from pathlib import Path

PAGE = """\
# {name}

```toml
code = "{code}"
category = "suspicious"
precision = "high"
since = "1.0"
url = "https://example.com/{name}"
summary = "a rule of these tests"
```
"""
CHECK = """\
from tapelint.checks.api import Report, check

@check
def {function}(program):
    for fit in program.fits:
        yield Report(fit.site, "a fit")
"""


def page(name: str = "some-fit", code: str = "BAD001") -> str:
    """A page that declares a rule."""
    return PAGE.format(name=name, code=code)


def checking(name: str = "some-fit") -> str:
    """A module with a check for a rule, which finds every `fit`."""
    return CHECK.format(function=name.replace("-", "_"))


def install(
    site: Path, name: str = "bad", *, prefix: str = "BAD", code: str | None, pages: Mapping[str, str] | None
) -> None:
    """Puts the package `tapelint_<name>` into a folder, with pages by the names of their files, and its metadata."""
    package = site / f"tapelint_{name}"
    if code is not None:
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(code, encoding="utf-8")
    if pages is not None:
        (package / "rules").mkdir(parents=True)
        for file, text in pages.items():
            (package / "rules" / file).write_text(text, encoding="utf-8")
    metadata = site / f"tapelint_{name}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: tapelint-{name}\nVersion: 1.0\n", encoding="utf-8"
    )
    (metadata / "entry_points.txt").write_text(f"[tapelint.rules]\n{prefix} = tapelint_{name}\n", encoding="utf-8")
