"""The child: confines itself, puts the wrappers in place, runs the script, and writes down how that ended."""

import contextlib
import importlib
import os
import random
import sys
import threading
import time
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from tapelint.probe.child import landlock, limits, locks
from tapelint.probe.child.audit import Audit
from tapelint.probe.child.program import Program
from tapelint.probe.child.scribe import Scribe
from tapelint.probe.child.session import Shell
from tapelint.probe.child.stop import Budget, ProbeStop, Reason, Watchdog, exit_process
from tapelint.probe.plan import Plan
from tapelint.record import End, Exceptional, Site

HERE = str(Path(__file__).parent)

HOOK_FOLDER = "tapelint.probe.child.hooks"

HOOKS = (
    "warning",
    "function",
    "python",
    "loop",
    "result",
    "tape",
    "optimizer",
    "variable",
    "construction",
    "activation",
    "model",
    "loss",
    "broadcast",
    "dataset",
    "metric",
    "saving",
    "standins",
    "downloads",
    "fit",
    "trainer",
)

MISSING = "TensorFlow is not installed for {python}: pip install 'tapelint[probe]'"

UNGUARDED = (
    "this system cannot confine it, for a guard is missing: {}. With `--allow-unconfined` it is run all the same, and "
    "may do what that guard would have kept it from"
)


def main(plan: Plan) -> None:
    """Run the script of the plan. Does not return."""
    # Before any thread of TensorFlow's exists: the kernel's guard holds for the threads that come after it.
    guards = [*limits.apply(plan.memory, plan.parent), landlock.confine(plan.private)]
    scribe = Scribe(plan.journal)
    scribe.fields(guards=guards, versions=(("python", sys.version.split()[0]),))
    os.chdir(plan.work)
    _Run(plan, scribe).run(guards)


class _Run:
    """One run of a script."""

    def __init__(self, plan: Plan, scribe: Scribe) -> None:
        self.plan = plan
        self.scribe = scribe
        self.budget = Budget(plan.steps, plan.seconds, patient=plan.patient)
        self.here: Callable[[], Site | None] = lambda: None
        self.ended = False
        self.told = 0

    def run(self, guards: list[Any]) -> None:
        """From the first import to the end."""
        missing = [guard for guard in guards if not guard.active]
        if missing and not self.plan.unconfined:
            self._leave(UNGUARDED.format("; ".join(f"{guard.name} ({guard.detail})" for guard in missing)), None)
        began = time.monotonic()
        program = self._read()
        witness = self._prepared(program)
        self.scribe.fields(importing=round(self.plan.imported + time.monotonic() - began, 3))
        audit = Audit(self.plan.private, witness.deny)
        guards.append(audit.begin())
        self.scribe.fields(guards=guards)
        self.scribe.begun()
        self.budget.begin(lambda reason: self._end(reason, where=witness.sites.of_frame(_main_frame())))
        watchdog = Watchdog(self.budget, self._keep_up)
        os._exit = self._exit  # type: ignore[assignment]
        threading.excepthook = _in_thread
        watchdog.start()
        try:
            error = _raised_by(program, self.plan, witness)
        except ProbeStop as stop:  # It came when the program had already ended.
            error = stop
        with contextlib.suppress(ProbeStop):
            watchdog.over()
        audit.end()
        if error is None:
            witness.tapes.end()
        with witness.attention():
            witness.follower.ended(finished=error is None)
        if isinstance(error, ProbeStop) and self.budget.stopping == "stopped":
            self._look_again(witness)
        self._judge(error, witness)
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        exit_process(0)

    def _keep_up(self) -> None:
        """Write what has grown since the last time."""
        self.scribe.flush()
        if self.budget.updates != self.told:
            self.told = self.budget.updates
            self.scribe.fields(updates=self.told)

    def _read(self) -> Program:
        try:
            return Program(self.plan.script)
        except SyntaxError as error:
            line = error.lineno or 1
            where = Site(self.plan.script, line, error.offset or 1, line, error.offset or 1, "<module>", 1, line)
            self._leave(f"the script is not valid Python: {error.msg} (line {line})", where)
        except (ValueError, OSError) as error:
            self._leave(f"the file cannot be read: {error}", None)

    def _prepared(self, program: Program) -> Any:
        if os.environ.get("TF_USE_LEGACY_KERAS", "0").lower() in ("1", "true"):
            self._leave("the probe does not know Keras 2 yet, which TF_USE_LEGACY_KERAS asks for", None)
        try:
            for name in ("tensorflow", "keras"):
                importlib.import_module(name)
        except ModuleNotFoundError as error:
            missing = MISSING.format(python=sys.executable)
            self._leave(missing if error.name in ("tensorflow", "keras") else f"TensorFlow lacks {error.name}", None)
        except Exception as error:
            self._leave(f"TensorFlow cannot be imported: {type(error).__name__}: {error}", None)
        try:
            return self._hooked(program)
        except (ImportError, AttributeError, StopIteration) as error:
            self._leave(f"the probe does not know this version of TensorFlow: {error}", None)

    def _hooked(self, program: Program) -> Any:
        import keras
        import numpy
        import tensorflow

        from tapelint.probe.child.witness import Witness

        self.scribe.fields(
            versions=(
                ("python", sys.version.split()[0]),
                ("tensorflow", tensorflow.__version__),
                ("keras", keras.__version__),
            )
        )
        # Not TensorFlow's own seed: with it, what is shuffled inside of a pipeline comes out the same in every epoch.
        random.seed(0)
        numpy.random.seed(0)
        locks.install()
        witness = Witness(self.plan, program, self.scribe, self.budget)
        self.here = witness.sites.here
        for name in HOOKS:
            importlib.import_module(f"{HOOK_FOLDER}.{name}").install(witness)
        return witness

    def _look_again(self, witness: Any) -> None:
        from tapelint.probe.child.hooks.dataset import look_again

        look_again(witness)

    def _judge(self, error: BaseException | None, witness: Any) -> None:
        if error is None:
            self._end("finished")
        elif isinstance(error, ProbeStop):
            self._end(self.budget.stopping or "stopped", where=witness.sites.of_traceback(error.__traceback__))
        elif isinstance(error, SystemExit):
            code = int(error.code) if isinstance(error.code, int) else 0 if error.code is None else 1
            detail = f"sys.exit({error.code!r})" if error.code is not None else "sys.exit()"
            self._end("exited", detail, witness.sites.of_traceback(error.__traceback__), code)
        else:
            exceptional = witness.exceptional(error)
            self._end(
                "memory" if _is_memory(error) else "raised",
                f"{exceptional.kind}: {(exceptional.message.splitlines() or [''])[0]}".removesuffix(": "),
                exceptional.where,
                1,
                exceptional,
            )
            _print(error)

    def _exit(self, code: int) -> None:
        """What `os._exit` is for the program: the same, but not without a word."""
        self._end("exited", f"os._exit({code})", self.here(), int(code))
        exit_process(code)

    def _leave(self, detail: str, where: Site | None) -> NoReturn:
        self._end("unstarted", detail, where)
        exit_process(0)

    def _end(
        self,
        end: End | Reason,
        detail: str = "",
        where: Site | None = None,
        code: int | None = None,
        exception: Exceptional | None = None,
    ) -> None:
        if self.ended:
            return
        self.ended = True
        self.scribe.flush()
        self.scribe.fields(
            end=end,
            detail=detail,
            where=where,
            exit_code=code,
            exception=exception,
            updates=self.budget.updates,
            running=0.0 if end == "unstarted" else round(time.monotonic() - self.budget.started, 3),
        )


def _raised_by(program: Program, plan: Plan, witness: Any) -> BaseException | None:
    """Run the program as the main module, and give the exception it ended with."""
    module = types.ModuleType("__main__")
    around = Shell(witness.replace).names if program.is_notebook else {"__file__": plan.script}
    module.__dict__.update(around, __builtins__=__builtins__)
    sys.modules["__main__"] = module
    sys.argv = [plan.script, *plan.arguments]
    # What a cell writes, such as a module, another one imports.
    sys.path[0:0] = [plan.folder, plan.work] if program.is_notebook else [plan.folder]
    try:
        program.run(module.__dict__)
    except BaseException as error:
        return error
    return None


def _print(error: BaseException) -> None:
    """The traceback as the program would have printed it, without the frames of the probe."""
    told: traceback.TracebackException | None = traceback.TracebackException.from_exception(error)
    shown = told
    while told is not None:
        own = [frame for frame in told.stack if not frame.filename.startswith(HERE)]
        told.stack = traceback.StackSummary.from_list(own)
        told = told.__cause__ or told.__context__
    if shown is not None:
        sys.stderr.write("".join(shown.format()))


def _is_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"


def _in_thread(failure: threading.ExceptHookArgs) -> None:
    """What Python does about an exception that ends a thread; a thread that was stopped needs no words."""
    if failure.exc_value is not None and not isinstance(failure.exc_value, ProbeStop | SystemExit):
        _print(failure.exc_value)


def _main_frame() -> types.FrameType | None:
    return sys._current_frames().get(threading.main_thread().ident or 0)
