"""How a server begins and ends, and what it survives in between."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import BROKEN, tapelint
from tests.lsp.editor import COMMAND, ENVIRONMENT, PATIENCE
from tests.plugins.shelf import install

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


async def _talk(
    command: list[str], *turns: tuple[bytes, Callable[[list[dict[str, Any]]], bool]], search: Path | None = None
) -> list[dict[str, Any]]:
    """All that a server says: in each turn it is told something, and heard until it has said what is waited for."""
    environment = {
        **ENVIRONMENT,
        "PYTHONPATH": os.pathsep.join([ENVIRONMENT["PYTHONPATH"], *([str(search)] if search else [])]),
    }
    server = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    assert server.stdin and server.stdout
    heard: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE):
        for said, is_enough in turns:
            server.stdin.write(said)
            while not is_enough(heard):
                head = await server.stdout.readuntil(b"\r\n\r\n")
                length = int(head.split(b"Content-Length: ")[1].split()[0])
                heard.append(json.loads(await server.stdout.readexactly(length)))
        server.stdin.write(SHUTDOWN + EXIT)
        assert await server.wait() == 0
    return heard


def _shown(heard: list[dict[str, Any]]) -> bool:
    return bool(told(heard, "window/showMessage"))


def told(heard: list[dict[str, Any]], method: str) -> list[Any]:
    """What the messages of one kind said."""
    return [each["params"] for each in heard if each.get("method") == method]


def test_a_crash_of_a_check_is_told_once_and_costs_no_other_text_anything(tmp_path: Path) -> None:
    text = BROKEN.replace("TL201", "TL101")
    bad, good = ((tmp_path / name).as_uri() for name in ("bad.py", "good.py"))
    heard = asyncio.run(
        _talk(
            [sys.executable, "-c", CRASHING],
            (INITIALIZE + opening(bad, f"# boom\n{text}"), _shown),
            (opening(good, text), lambda heard: len(told(heard, "textDocument/publishDiagnostics")) == 2),
        )
    )
    (shown,) = told(heard, "window/showMessage")
    assert "a bug of tapelint on `bad.py`: ZeroDivisionError: boom; please report it" in shown["message"]
    assert any("Traceback" in each["message"] for each in told(heard, "window/logMessage"))
    published = told(heard, "textDocument/publishDiagnostics")
    assert {each["uri"]: [one["code"] for one in each["diagnostics"]] for each in published} == {
        bad: [],
        good: ["TL002"],
    }


def test_a_broken_plugin_is_named_once(tmp_path: Path) -> None:
    install(tmp_path, code=None, pages=None)
    uri = (tmp_path / "train.py").as_uri()
    version = {"uri": uri, "version": 2}
    change = note("textDocument/didChange", textDocument=version, contentChanges=[{"text": f"\n{BROKEN}"}])
    hover = message(
        id=7,
        method="textDocument/hover",
        params={"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}},
    )
    heard = asyncio.run(
        _talk(
            COMMAND,
            (INITIALIZE + opening(uri, BROKEN), _shown),
            (change + hover, lambda heard: any(each.get("id") == 7 for each in heard)),
            search=tmp_path,
        )
    )
    (shown,) = told(heard, "window/showMessage")
    assert "the plugin tapelint-bad 1.0 is broken" in shown["message"]
    assert "please report it" not in shown["message"]


def test_without_its_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("tapelint.lsp")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "lsprotocol", None)
    told = tapelint("lsp")
    assert told.status == 2
    assert "pip install 'tapelint[lsp]'" in told.err
