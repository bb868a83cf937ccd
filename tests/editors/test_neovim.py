"""A newcomer in Neovim: install the wheel, write down what docs/editors.md says, open a script, mend it, save it."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.editors.equipment import required
from tests.installation import ROOT, new_environment, run

# The wheel is built once for all tests that install it.
pytestmark = pytest.mark.xdist_group("wheel")

MANUAL = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
SCRIPT = ROOT / "fixtures" / "seeds" / "loop_without_update.py"
UPDATE = "opt.apply_gradients(zip(grads, net.trainable_variables))"

# From which version on Neovim is configured how: headings of the manual.
CHAPTERS = {(0, 11): "Neovim 0.11 and later", (0, 8): "Neovim 0.8 to 0.10", (0, 7): "Neovim 0.7"}


def configuration(neovim: str) -> str:
    """What the manual says for this version."""
    told = subprocess.run([neovim, "--version"], capture_output=True, text=True, check=True).stdout
    version = re.match(r"NVIM v(\d+)\.(\d+)", told)
    assert version, told
    chapter = next(title for since, title in CHAPTERS.items() if tuple(map(int, version.groups())) >= since)
    snippet = re.search(rf"^### {re.escape(chapter)}\n+```lua\n(.*?)^```$", MANUAL, re.MULTILINE | re.DOTALL)
    assert snippet, chapter
    return snippet[1]


@pytest.fixture(scope="module")
def neovim() -> str:
    return required("nvim", "the newcomer's way in Neovim")


@pytest.fixture(scope="module")
def home(neovim: str, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment as docs/editors.md has it made."""
    assert neovim
    directory = tmp_path_factory.mktemp("home") / "with a server"
    new_environment(directory, f"{wheel}[lsp]")
    return directory


def walk(neovim: str, home: Path, project: Path, title: str) -> dict[str, Any]:
    """Goes through tests/editors/walk.lua with the project's train.py and tells what was seen there."""
    (project / "init.lua").write_text(configuration(neovim), encoding="utf-8")
    report = project / "report.json"
    told = run(
        *(neovim, "--headless", "-i", "NONE", "-u", "init.lua", "-S", Path(__file__).with_name("walk.lua"), "train.py"),
        at=project,
        PATH=f"{home / 'bin'}:/usr/bin:/bin",
        WALK_REPORT=str(report),
        WALK_TITLE=title,
        **{f"XDG_{kind}_HOME": str(project / kind) for kind in ("CONFIG", "DATA", "STATE", "CACHE")},
    )
    assert report.exists(), told.stdout + told.stderr
    seen: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    assert "trouble" not in seen, (seen, told.stderr)
    return seen


def test_a_newcomer_sees_a_finding_mends_it_and_sees_it_vanish(neovim: str, home: Path, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_bytes(SCRIPT.read_bytes())
    before = run(home / "bin" / "tapelint", "train.py", at=tmp_path)
    assert before.returncode == 1, before.stderr

    seen = walk(neovim, home, tmp_path, "apply the gradients")

    (found,) = seen["found"]
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    assert "tape.gradient(loss, net.trainable_variables)" in lines[found["line"] - 1]
    assert (found["source"], found["code"]) == ("tapelint", "TL101")
    assert "`net` is never updated" in found["message"]
    after = script.read_text(encoding="utf-8").splitlines()
    assert [line.strip() for line in after if line not in lines] == [UPDATE]
    assert len(after) == len(lines) + 1
    told = run(home / "bin" / "tapelint", "--select", "gradients-not-applied", "train.py", at=tmp_path)
    assert told.returncode == 0, told.stdout + told.stderr
