"""The program as a process: what it loads, how it is called, how it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tapelint import __version__
from tests.cli.commands import BROKEN, tapelint

ROOT = Path(__file__).parents[2]
HEAVY = ("libcst", "rich", "tensorflow", "pygls", "numpy")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "train.py").write_text(BROKEN)
    return tmp_path


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tapelint", *arguments]


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, check=False)


def loaded_by(*arguments: str) -> set[str]:
    """The modules that are loaded when the program has done what the arguments say."""
    program = f"""
import sys
from tapelint.cli.app import main
sys.argv = ["tapelint", *{arguments!r}]
try:
    main()
except SystemExit:
    pass
print(*sys.modules, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())


class TestStart:
    def test_the_version_needs_nothing(self) -> None:
        modules = loaded_by("--version")
        assert "tapelint" in modules
        assert modules.isdisjoint({*HEAVY, "typer", "pathspec", "tapelint.catalog"})

    def test_help_needs_no_heavy_module(self) -> None:
        modules = loaded_by("check", "--help")
        assert "typer" in modules
        assert modules.isdisjoint(HEAVY)

    def test_files_that_cannot_matter_need_no_heavy_module(self) -> None:
        Path("plain.py").write_text("import os\n")
        modules = loaded_by("plain.py")
        assert "tapelint.run.lint" in modules
        assert modules.isdisjoint({*HEAVY, "tapelint.program.build", "tapelint.record", "pathspec"})

    def test_linting_does_not_load_tensorflow(self) -> None:
        modules = loaded_by("train.py")
        assert "libcst" in modules
        assert "tensorflow" not in modules


class TestDispatch:
    @pytest.mark.parametrize(
        "arguments", [["train.py"], ["."], [], ["--select", "TL1", "train.py"], ["check", "train.py"]]
    )
    def test_check_needs_not_be_named(self, arguments: list[str]) -> None:
        told = tapelint(*arguments)
        assert told.status == 1
        assert "gradients-not-applied" in told.out

    def test_a_path_that_is_called_like_a_command(self) -> None:
        Path("check").mkdir()
        Path("check/probe.py").write_text(BROKEN)
        assert "check/probe.py" in tapelint("check", "check").out
        assert "check/probe.py" in tapelint("./check").out

    @pytest.mark.parametrize("arguments", [["--version"], ["-V"], ["check", "--version"]])
    def test_version(self, arguments: list[str]) -> None:
        told = tapelint(*arguments)
        assert (told.status, told.out) == (0, f"tapelint {__version__}\n")

    @pytest.mark.parametrize("option", ["-h", "--help"])
    def test_help_lists_the_commands(self, option: str) -> None:
        told = tapelint(option)
        assert told.status == 0
        assert all(f"\n  {name} " in told.out for name in ("check", "probe", "explain", "show", "config"))

    def test_as_a_program(self) -> None:
        done = process("--version")
        assert (done.returncode, done.stdout) == (0, f"tapelint {__version__}\n")


class TestEnd:
    def test_whoever_closes_the_pipe_early_hears_no_complaint(self) -> None:
        with subprocess.Popen(
            command("-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as running:
            assert running.stdout is not None
            running.stdout.close()
            running.stdout = None
            _, err = running.communicate(BROKEN)
        assert (running.returncode, err) == (0, "")

    @pytest.mark.usefixtures("interruptible")
    def test_an_interrupt(self) -> None:
        with subprocess.Popen(
            command("-", "--verbose"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as running:
            assert running.stderr is not None
            assert running.stderr.readline().startswith(b"reading standard input")
            os.kill(running.pid, signal.SIGINT)
            assert running.stderr.read() == b"interrupted\n"
        assert running.returncode == 130

    def test_output_that_the_terminal_cannot_show(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYTHONIOENCODING", "ascii")
        Path("train.py").write_text(BROKEN.replace("grads =", "größe ="))
        done = process("train.py")
        assert done.returncode == 1
        assert "gr\\xf6" in done.stdout
        assert done.stderr == ""
