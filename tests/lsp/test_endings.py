"""How a server begins and ends, and what it survives in between."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import BROKEN, tapelint
from tests.lsp.editor import COMMAND, ENVIRONMENT, PATIENCE

CRASHING = """\
import sys
from tapelint.checks.registry import CHECKS
import tapelint.checks
def crash(program):
    if b"boom" in program.module.document.text.encode():
        raise ZeroDivisionError("boom")
    return []
CHECKS["gradients-not-applied"] = crash
from tapelint.lsp.server import serve
sys.exit(serve())
"""


def message(**parts: Any) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **parts}).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def note(method: str, **params: Any) -> bytes:
    return message(method=method, params=params)


def opening(uri: str, text: str) -> bytes:
    document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    return note("textDocument/didOpen", textDocument=document)


INITIALIZE = message(id=1, method="initialize", params={"capabilities": {}})
SHUTDOWN = message(id=2, method="shutdown")
EXIT = message(method="exit")


def conversation(*said: bytes, command: list[str] | None = None) -> tuple[int, list[dict[str, Any]]]:
    """How a server ends to which all this is said at once, and what it has answered."""
    done = subprocess.run(
        command or COMMAND, input=b"".join(said), capture_output=True, timeout=PATIENCE, env=ENVIRONMENT, check=False
    )
    answers = []
    rest = done.stdout
    while rest:
        head, _, rest = rest.partition(b"\r\n\r\n")
        length = int(head.split(b"Content-Length: ")[1].split()[0])
        answers.append(json.loads(rest[:length]))
        rest = rest[length:]
    return done.returncode, answers


def test_a_server_that_is_told_to_ends_well() -> None:
    status, answers = conversation(INITIALIZE, SHUTDOWN, EXIT)
    assert status == 0
    assert answers[0]["result"]["serverInfo"]["name"] == "tapelint"
    assert answers[-1] == {"id": 2, "jsonrpc": "2.0", "result": None}


def test_one_that_is_not_ends_badly() -> None:
    assert conversation(INITIALIZE, EXIT)[0] == 1


def test_one_whose_editor_is_gone_ends_too() -> None:
    assert conversation(INITIALIZE)[0] == 1


def test_what_makes_no_sense_does_no_harm() -> None:
    nonsense = (
        b"Content-Length: 9\r\n\r\n{nonsense",
        message(id="a", method="textDocument/hover", params={"no": "sense"}),
        message(id="b", method="tapelint/unheardOf", params={}),
        note("textDocument/didChange", textDocument=3),
        message(id="c", method="workspace/executeCommand", params={"command": "tapelint.probe", "arguments": []}),
    )
    status, answers = conversation(INITIALIZE, *nonsense, SHUTDOWN, EXIT)
    assert status == 0
    refused = {answer.get("id"): answer["error"]["code"] for answer in answers if "error" in answer}
    assert refused["b"] == -32601
    assert refused["c"] == -32602


async def _survive_a_crash(root: Path) -> list[dict[str, Any]]:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CRASHING, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT
    )
    assert server.stdin and server.stdout
    heard: list[dict[str, Any]] = []
    text = BROKEN.replace("TL201", "TL101")

    async def until(method: str, times: int = 1) -> None:
        assert server.stdout
        while sum(each.get("method") == method for each in heard) < times:
            head = await server.stdout.readuntil(b"\r\n\r\n")
            length = int(head.split(b"Content-Length: ")[1].split()[0])
            heard.append(json.loads(await server.stdout.readexactly(length)))

    async with asyncio.timeout(PATIENCE):
        server.stdin.write(INITIALIZE + opening((root / "bad.py").as_uri(), f"# boom\n{text}"))
        await until("window/showMessage")
        server.stdin.write(opening((root / "good.py").as_uri(), text))
        await until("textDocument/publishDiagnostics", 2)
        server.stdin.write(SHUTDOWN + EXIT)
        assert await server.wait() == 0
    return heard


def test_a_crash_of_a_check_is_told_once_and_costs_no_other_text_anything(tmp_path: Path) -> None:
    heard = asyncio.run(_survive_a_crash(tmp_path))
    (shown,) = [each["params"]["message"] for each in heard if each.get("method") == "window/showMessage"]
    assert "a bug of tapelint on `bad.py`: ZeroDivisionError: boom; please report it" in shown
    logged = [each["params"]["message"] for each in heard if each.get("method") == "window/logMessage"]
    assert any("Traceback" in each for each in logged)
    told = {
        each["params"]["uri"].rpartition("/")[2]: [one["code"] for one in each["params"]["diagnostics"]]
        for each in heard
        if each.get("method") == "textDocument/publishDiagnostics"
    }
    assert told == {"bad.py": [], "good.py": ["TL002"]}


def test_without_its_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("tapelint.lsp")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "lsprotocol", None)
    told = tapelint("lsp")
    assert told.status == 2
    assert "pip install 'tapelint[lsp]'" in told.err
