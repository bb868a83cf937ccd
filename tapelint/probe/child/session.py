"""What a notebook's cells find around them beside Python: commands and magics.

Those that a program rests on are obeyed inside of the private directory. No command of the system is run: it is put on
record that it was left out.
"""

import importlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

Replace = Callable[[str, str], None]

IDLE = frozenset(
    (
        *("alias", "autoreload", "autosave", "colors", "config", "doctest_mode", "load_ext", "logstart", "matplotlib"),
        *("pdb", "pinfo", "pinfo2", "precision", "reload_ext", "rerun", "tensorboard", "tensorflow_version", "time"),
        *("timeit", "unload_ext", "who", "whos", "xmode"),
    )
)
"""The magics of a line that change nothing about how anything is trained."""

AROUND = frozenset(
    (
        *("capture", "debug", "ipytest", "lprun", "memit", "mprun", "prun", "pyinstrument", "scalene", "snakeviz"),
        *("time", "timeit", "wandb", "html", "HTML", "markdown", "latex", "svg"),
    )
)
"""The magics of a cell that only show something, or run the Python below them, which stands there by itself."""

NOTHING = "nothing: the probe runs no commands"


class Shell:
    """What `get_ipython()` gives. `replace` puts on record what is left out."""

    def __init__(self, replace: Replace) -> None:
        self._replace = replace

    @property
    def names(self) -> dict[str, Any]:
        """What the cells find among their names."""
        return {"get_ipython": lambda: self, "display": _display}

    def system(self, command: str) -> None:
        """`!command`"""
        self._replace(f"!{command}", NOTHING)

    def getoutput(self, command: str) -> list[str]:
        """`lines = !command`"""
        self._replace(f"!{command}", NOTHING)
        return []

    def run_line_magic(self, name: str, rest: str) -> None:
        """`%name rest`"""
        if name == "cd":
            os.chdir(Path(rest.strip("\"'") or "~").expanduser())
        elif name in ("env", "set_env") and rest:
            variable, _, value = rest.replace(" ", "=", "=" not in rest).partition("=")
            os.environ[variable.strip()] = value.strip()
        elif name not in IDLE and name != "env":
            self._replace(f"%{name} {rest}".rstrip(), NOTHING)

    def run_cell_magic(self, name: str, rest: str, body: str) -> None:
        """`%%name rest`, above what else is in the cell"""
        if name in ("writefile", "file"):
            appends = rest.startswith("-a ")
            with Path(rest.removeprefix("-a ").strip().strip("\"'")).open("a" if appends else "w") as file:
                file.write(body + "\n")
            importlib.invalidate_caches()  # It may be a module.
        elif name not in AROUND:
            self._replace(f"%%{name} {rest}".rstrip(), NOTHING)

    def run_cell(self, text: str) -> None:
        """What IPython makes a call of, by itself."""
        self._replace(text, NOTHING)


def _display(*objects: Any, **_: Any) -> None:
    """What shows objects in a notebook."""
    for each in objects:
        print(repr(each))
