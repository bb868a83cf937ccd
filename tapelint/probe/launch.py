"""Runs a script under observation, in a process of its own, and says what happened. Never imports TensorFlow."""

import dataclasses
import functools
import os
import re
import signal
import site
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tapelint.probe.nursery import Nursery
from tapelint.probe.offspring import Child, Interpreter, Pens
from tapelint.probe.plan import Plan
from tapelint.probe.supervise import Exit, supervise
from tapelint.probe.workspace import Workspace, workspace
from tapelint.record import End, Guard, Record, Site

BOOT = """\
import sys
sys.path[0:1] = [{root!r}]
import tapelint.probe.child.main as child
import tapelint.probe.child.nursery as nursery
from tapelint.probe.plan import Plan
del sys.path[0]
{act}
"""
"""What the child's interpreter is told. It may be another than ours, with packages of its own: only tapelint comes from
here, and what tapelint imports later is found beside it."""

INTERRUPTED = "interrupted from the keyboard"

RUN = "child.main(Plan.decode(sys.argv[1]))"
SERVE = "nursery.serve(int(sys.argv[1]), int(sys.argv[2]))"

NOT_INHERITED = (
    "PYTHONHOME",
    "PYTHONINSPECT",
    "PYTHONSTARTUP",
    "PYTHONPROFILEIMPORTTIME",
    # It differs from test to test, and a process that children are forked from would suit only one.
    "PYTEST_CURRENT_TEST",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "TF_XLA_FLAGS",
)


def run(
    script: Path,
    *,
    arguments: Sequence[str] = (),
    steps: int = 4,
    seconds: float = 60.0,
    memory_gib: float = 8.0,
    python: str = sys.executable,
    graph: bool = False,
    patient: bool = False,
    loss: str = "",
    unconfined: bool = False,
    watch: Callable[[Record], None] | None = None,
    nursery: Nursery | None = None,
) -> Record:
    """What happens when `script` runs for a few steps.

    It is stopped after `steps` updates, or a little later if two short epochs can be seen, and at the latest `seconds`
    after its first line began to run. With `patient` it may take several times as many updates, if they are quick.
    `loss` names the one of Keras's that its steps are meant to have, where they compute one of their own.
    Where this system lacks a part of the confinement, it is not run at all unless `unconfined` is true.
    `graph` leaves its `tf.function`s compiled, which shows traces instead of values.
    `watch` is called now and then with what is known so far. The child comes from the `nursery`, if there is one. An
    interrupt from the keyboard ends the script, and the Record says so; nothing that the script does makes this
    function raise.
    """
    path = Path(os.path.normpath(script.absolute()))
    empty = Record(str(script), tuple(arguments), graph, "unstarted", "", 0.0)
    trouble = _trouble(path)
    if trouble:
        return dataclasses.replace(empty, detail=trouble)
    started = time.monotonic()
    try:
        with workspace(path.parent, Path.cwd(), at=nursery.private if nursery else None) as places:
            plan = Plan(
                script=str(path),
                arguments=tuple(arguments),
                steps=steps,
                seconds=seconds,
                memory=int(memory_gib * 2**30),
                graph=graph,
                private=str(places.private),
                work=str(places.work),
                roots=tuple(_roots(path)),
                parent=os.getpid(),
                patient=patient,
                loss=loss,
                unconfined=unconfined,
            )
            start = functools.partial(_start, python, plan, _environment(places), nursery)
            exit = supervise(start, seconds=seconds, empty=empty, watch=watch)
    except KeyboardInterrupt:  # While its surroundings were copied or cleared away.
        return dataclasses.replace(empty, end="interrupted", detail=INTERRUPTED)
    known = exit.ledger.record(empty)
    end, detail = _ending(exit, known, seconds)
    return dataclasses.replace(
        known,
        end=end,
        detail=detail,
        where=known.where or _crash_site(exit.stderr, str(path)),
        exit_code=known.exit_code if known.exit_code is not None or exit.code == 0 else exit.code,
        seconds=round(time.monotonic() - started, 3),
        running=known.running or round(exit.running, 3),
        guards=(
            *known.guards,
            Guard("private directory", True, "a copy of the script's surroundings, removed afterwards"),
            Guard("time limit", True, f"{seconds:g} s"),
        ),
        stdout=exit.stdout,
        stderr=OWN_FRAME.sub("", exit.stderr),
    )


def _start(python: str, plan: Plan, environment: dict[str, str], nursery: Nursery | None, pens: Pens) -> Child:
    def command(act: str) -> list[str]:
        return [python, "-u", "-c", BOOT.format(root=str(Path(__file__).parents[2]), act=act)]

    if nursery is not None:
        return nursery.bear(command(SERVE), environment, plan.encode(), pens)
    own = dataclasses.replace(plan, journal=pens.journal)
    return Interpreter([*command(RUN), own.encode()], environment, Path(plan.private), pens)


OWN_FRAME = re.compile(rf'^ *File "{re.escape(str(Path(__file__).parent))}.*\n', re.MULTILINE)
"""A line about the probe in what Python's fault handler says of a crash."""

FRAME = re.compile(r'^ *File "(.+?)(?:, cell (\d+))?", line (\d+) in (.+)$', re.MULTILINE)


def _crash_site(stderr: str, script: str) -> Site | None:
    """Where in the script a crash of the interpreter happened, according to its fault handler."""
    for path, cell, line, function in FRAME.findall(stderr):
        if path == script:
            number = int(line)
            return Site(path, number, 1, number, 1, function, number, number, cell=int(cell) if cell else None)
    return None


def _trouble(script: Path) -> str:
    if sys.platform == "win32":
        return "the probe needs Linux or macOS"
    if script.is_dir():
        return "this is a directory, not a script"
    if not script.exists():
        return "there is no such file"
    return "" if os.access(script, os.R_OK) else "the file may not be read"


def _roots(script: Path) -> list[str]:
    """Where the user's own code lies: around the script, and around the user."""
    working = Path.cwd()
    roots = {str(script.parent)}
    if str(working) not in (working.anchor, os.environ.get("HOME")):
        roots.add(str(working))
    return sorted(roots)


def _environment(places: Workspace) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    search = inherited.get("PYTHONPATH", "")
    return {
        **inherited,
        # Where the user's own packages are is derived from HOME, which becomes another.
        "PYTHONUSERBASE": inherited.get("PYTHONUSERBASE") or site.getuserbase(),
        "PYTHONPATH": os.pathsep.join(str(Path(part).absolute()) for part in search.split(os.pathsep) if part),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONBREAKPOINT": "0",
        "PYTHONFAULTHANDLER": "1",
        "HOME": str(places.home),
        "TMPDIR": str(places.temporary),
        "KERAS_HOME": str(places.home / ".keras"),
        "KERAS_BACKEND": "tensorflow",
        "MPLCONFIGDIR": str(places.home / "matplotlib"),
        "MPLBACKEND": "Agg",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": inherited.get("TF_CPP_MIN_LOG_LEVEL", "2"),
    }


def _ending(exit: Exit, known: Record, seconds: float) -> tuple[End, str]:
    """How the run ended, and in what words, where the child could not say it itself."""
    if exit.interrupted:
        return "interrupted", INTERRUPTED
    if "end" in exit.ledger.fields:
        return known.end, known.detail or _described(known, seconds)
    if exit.overran and exit.ledger.begun:
        return "timeout", f"killed after {seconds:g} s, because it did not react"
    if exit.overran:
        return "unstarted", "TensorFlow was not ready in time"
    if exit.code < 0:
        return _by_signal(-exit.code, exit.stderr)
    if not exit.ledger.begun:
        return "unstarted", _last_line(exit.stderr)
    return "exited", f"ended with status {exit.code}, and took its last words along"


def _described(known: Record, seconds: float) -> str:
    seen = _counted(known.updates, "update") if known.updates else _counted(len(known.gradients), "gradient call")
    details: dict[End, str] = {
        "finished": "ran to its end",
        "stopped": f"stopped by the probe after {seen}{'' if known.updates else ' without an update'}",
        "timeout": f"stopped by the probe after {seconds:g} s",
    }
    return details.get(known.end, "")


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"


def _by_signal(number: int, stderr: str) -> tuple[End, str]:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    if "bad_alloc" in stderr or "out of memory" in stderr.lower():
        return "memory", f"ran out of memory ({name})"
    return "crashed", f"crashed with {name}"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "the interpreter did not start"
