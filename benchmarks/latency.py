"""The language server's answer to a keystroke: how long after a change in a training script its findings are there.

    python -m benchmarks.latency [--lines 500] [--edits 60]

The script is composed of programs from fixtures/, each a function of one long script, and imports helpers that lie
beside it. Statements come and go all over it. Measured is what an editor sees over the server's pipes, from the
notification of a change to the findings of that version; and, because machines are seldom idle, the time that
processors spent on it.
"""

import argparse
import ast
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CLEAN = Path(__file__).parents[1] / "fixtures" / "clean"
PROGRAMS = (
    *("dcgan_two_tapes", "distiller", "dqn_replay", "image_classifier_loop", "ddpg_action_gradients"),
    *("wgan_gradient_penalty", "maml_sinusoid", "fit_defaults", "hard_example_mining", "ema_teacher"),
)
HELPERS = ("config_registry_trainer", "gradients_returned_to_caller", "helper_takes_the_tape")
"""Programs that lie beside the script, and that it imports."""

_IMPORT = re.compile(r"^(?:import|from) .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One change: the seconds until its findings were there, and the seconds of processors that the server took."""

    clock: float
    processor: float


def composed(lines: int) -> str:
    """A training script of about so many lines."""
    imports = {f"import {name}" for name in HELPERS}
    functions: list[str] = []
    for name in PROGRAMS:
        source = (CLEAN / f"{name}.py").read_text(encoding="utf-8")
        imports.update(_IMPORT.findall(source))
        functions.append(f"def {name}():\n{textwrap.indent(_IMPORT.sub('', source).strip(), '    ')}\n")
        text = "\n\n".join(["\n".join(sorted(imports)), *functions])
        if text.count("\n") >= lines:
            break
    ends = [each.end_lineno or 0 for each in ast.parse(text).body]
    last = next((end for end in ends if end >= lines), ends[-1])
    return "".join(text.splitlines(keepends=True)[:last])


def places(text: str, count: int) -> list[tuple[int, int]]:
    """The line and the column of statements all over a text, in an order that jumps about."""
    found = sorted(
        {(each.lineno - 1, each.col_offset) for each in ast.walk(ast.parse(text)) if isinstance(each, ast.stmt)}
    )
    if count > len(found):
        raise SystemExit(f"there are only {len(found)} statements to put something before")
    spread = [found[number * len(found) // count] for number in range(count)]
    return [spread[(number * 7) % count] for number in range(count)] if count % 7 else spread


class Server:
    """The server, and an editor's end of its pipes."""

    def __init__(self, root: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tapelint", "lsp"],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        )
        self._send(id=1, method="initialize", params={"rootUri": root.as_uri(), "capabilities": {}})
        self._until(lambda message: message.get("id") == 1)
        self._send(method="initialized", params={})

    def open(self, uri: str, text: str) -> Any:
        """What is found in a text."""
        item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self._send(method="textDocument/didOpen", params={"textDocument": item})
        return self._found(uri, 1)

    def change(self, uri: str, version: int, start: tuple[int, int], end: tuple[int, int], text: str) -> Measurement:
        """What it takes until the findings are there once a stretch of a text is another."""
        first, last = ({"line": line, "character": character} for line, character in (start, end))
        change = {"range": {"start": first, "end": last}, "text": text}
        document = {"uri": uri, "version": version}
        spent, started = self._spent(), time.perf_counter()
        self._send(method="textDocument/didChange", params={"textDocument": document, "contentChanges": [change]})
        self._found(uri, version)
        return Measurement(time.perf_counter() - started, self._spent() - spent)

    def memory(self) -> float:
        """The largest memory that it has needed, in MiB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def end(self) -> None:
        self._send(id=2, method="shutdown")
        self._send(method="exit")
        self._process.wait()

    def _spent(self) -> float:
        """The seconds that processors have worked for the server, in all its threads."""
        threads = Path(f"/proc/{self._process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text(encoding="ascii").split()[0]) for thread in threads) / 1e9

    def _found(self, uri: str, version: int) -> Any:
        def is_it(message: dict[str, Any]) -> bool:
            params = message.get("params") or {}
            return "diagnostics" in params and (params["uri"], params.get("version")) == (uri, version)

        return self._until(is_it)["params"]["diagnostics"]

    def _until(self, is_it: Any) -> dict[str, Any]:
        return next(message for message in self._messages() if is_it(message))

    def _messages(self) -> Iterator[dict[str, Any]]:
        assert self._process.stdout is not None
        while head := self._process.stdout.readline():
            length = int(head.split(b":")[1])
            while self._process.stdout.readline().strip():
                pass
            yield json.loads(self._process.stdout.read(length))
        raise SystemExit("the server has ended")

    def _send(self, **parts: Any) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **parts}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()


def measured(server: Server, uri: str, text: str, edits: int) -> list[Measurement]:
    """What it takes when statements come and go at places all over a text."""
    found = []
    version = 1
    for number, (line, column) in enumerate(places(text, edits)):
        typed = f"value_{number} = {number}\n" + " " * column
        for start, end, new in (
            ((line, column), (line, column), typed),
            ((line, column), (line + 1, column), ""),
        ):
            version += 1
            found.append(server.change(uri, version, start, end, new))
    return found


def told(name: str, seconds: list[float]) -> str:
    """One row: the median and the 95th percentile in milliseconds."""
    p95 = statistics.quantiles(seconds, n=20)[-1]
    return f"{name:12} median {1000 * statistics.median(seconds):5.0f} ms   95 % within {1000 * p95:5.0f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, default=500, help="the lines of the script")
    parser.add_argument("--edits", type=int, default=60, help="the places that are changed, each twice")
    options = parser.parse_args()
    text = composed(options.lines)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in HELPERS:
            shutil.copy(CLEAN / f"{name}.py", root)
        script = root / "train.py"
        script.write_text(text, encoding="utf-8")
        server = Server(root)
        try:
            server.open(script.as_uri(), text)
            found = measured(server, script.as_uri(), text, options.edits)
            memory = server.memory()
        finally:
            server.end()
    print(f"{text.count(chr(10))} lines, {len(found)} changes, {memory:.0f} MiB at most")
    print(told("clock", [each.clock for each in found]))
    print(told("processor", [each.processor for each in found]))


if __name__ == "__main__":
    main()
