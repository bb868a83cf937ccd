"""What a script may not do: every attempt is refused, put on record with its line, and changes nothing outside."""

import os
import platform
import stat
import sys
from pathlib import Path

import pytest

from tapelint.probe.launch import run
from tapelint.record import Denial
from tests.probe.programs import Observed, observe, write

LINUX = sys.platform == "linux"

PROGRAM = """\
    import ctypes, multiprocessing, os, pathlib, shutil, socket, subprocess, sys, tempfile, urllib.request
    import tensorflow as tf

    outside = pathlib.Path(sys.argv[1])
    victim = outside / "victim.txt"


    def attempt(action):
        try:
            action()
        except Exception as error:
            print("refused", type(error).__name__)
        else:
            print("done")


    def task():
        pass


    attempt(lambda: open(outside / "new.txt", "w"))  # write
    attempt(lambda: victim.open("a"))  # append
    attempt(lambda: os.open(victim, os.O_RDWR))  # os.open
    attempt(lambda: os.open("victim.txt", os.O_WRONLY, dir_fd=os.open(outside, os.O_RDONLY)))  # os.open in folder
    attempt(lambda: victim.unlink())  # unlink
    attempt(lambda: os.remove("victim.txt", dir_fd=os.open(outside, os.O_RDONLY)))  # remove in folder
    attempt(lambda: shutil.rmtree(outside))  # rmtree
    attempt(lambda: victim.rename(outside / "other.txt"))  # rename
    attempt(lambda: os.rename(victim, "stolen.txt"))  # steal
    attempt(lambda: os.link(victim, outside / "link.txt"))  # link
    attempt(lambda: (outside / "symlink").symlink_to("/etc"))  # symlink
    attempt(lambda: os.truncate(victim, 0))  # truncate
    attempt(lambda: victim.chmod(0))  # chmod
    attempt(lambda: os.fchmod(os.open(victim, os.O_RDONLY), 0))  # fchmod
    attempt(lambda: os.utime(victim, (0, 0)))  # utime
    attempt(lambda: (outside / "deep" / "er").mkdir(parents=True))  # mkdir
    attempt(lambda: open(__file__, "a"))  # itself
    attempt(lambda: open("through/victim.txt", "w"))  # through a link
    attempt(lambda: tf.io.write_file(str(outside / "tf.txt"), "x"))  # tf write
    attempt(lambda: tf.io.gfile.remove(str(victim)))  # tf remove
    attempt(lambda: tf.io.gfile.makedirs(str(outside / "tf")))  # tf makedirs
    attempt(lambda: urllib.request.urlopen("http://example.org", timeout=2))  # url
    attempt(lambda: socket.create_connection(("127.0.0.1", 9), timeout=2))  # connect
    attempt(lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)))  # send
    attempt(lambda: socket.socket().bind(("127.0.0.1", 0)))  # bind
    attempt(lambda: subprocess.run([sys.executable, "--version"]))  # subprocess
    attempt(lambda: os.system("touch " + str(outside / "shell.txt")))  # shell
    attempt(lambda: os.fork() or os._exit(0))  # fork
    attempt(lambda: os.execv(sys.executable, ["python"]))  # exec
    attempt(lambda: multiprocessing.get_context("spawn").Process(target=task).start())  # spawn
    attempt(lambda: os.kill(os.getppid(), 9))  # kill
    attempt(lambda: ctypes.CDLL(None).kill(os.getppid(), 9) and 1 / 0)  # kill through C
    attempt(lambda: input("your name? "))  # input

    attempt(lambda: pathlib.Path("new.txt").write_text("x"))
    attempt(lambda: pathlib.Path("data/table.csv").write_text("overwritten"))
    attempt(lambda: pathlib.Path("data/more.csv").write_text("x"))
    attempt(lambda: tempfile.NamedTemporaryFile().write(b"x"))
    attempt(lambda: pathlib.Path("~/settings").expanduser().write_text("x"))
    attempt(lambda: tf.io.write_file("tf.txt", "x"))
    attempt(lambda: open(os.devnull, "w").write("x"))
    print(pathlib.Path("data/table.csv").read_text(), pathlib.Path("through/victim.txt").read_text())
"""

ALLOWED = 7


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "victim.txt").write_text("precious")
    os.utime(outside / "victim.txt", (1_000_000, 1_000_000))
    return outside


@pytest.fixture(scope="module")
def attempts(tmp_path_factory: pytest.TempPathFactory, outside: Path) -> Observed:
    home = tmp_path_factory.mktemp("home")
    (home / "data").mkdir()
    (home / "data" / "table.csv").write_text("1,2")
    (home / "through").symlink_to(outside)
    return observe(home, PROGRAM, arguments=[str(outside)])


def denied(attempts: Observed, mark: str) -> list[Denial]:
    line = attempts.line(mark)
    return [denial for denial in attempts.record.denials if denial.where is not None and denial.where.line == line]


def test_every_attempt_outside_is_refused_and_every_one_inside_is_not(attempts: Observed) -> None:
    assert attempts.record.end == "finished", attempts.record.stderr
    attempted = attempts.record.stdout.splitlines()
    marked = [line for line in attempts.lines if line.startswith("attempt(")]
    assert len(attempted) == len(marked) + 1
    told = {
        line: answer
        for line, answer in zip(marked[:-ALLOWED], attempted, strict=False)
        if not answer.startswith("refused")
    }
    assert told == {}
    assert [answer.partition(" ")[0] for answer in attempted[-ALLOWED - 1 : -1]] == ["done"] * ALLOWED
    assert attempted[-1] == "overwritten precious"


def test_nothing_outside_is_changed(attempts: Observed, outside: Path) -> None:
    assert [path.name for path in outside.iterdir()] == ["victim.txt"]
    victim = outside / "victim.txt"
    assert victim.read_text() == "precious"
    assert victim.stat().st_mtime == 1_000_000
    assert stat.S_IMODE(victim.stat().st_mode) == 0o644
    home = attempts.script.parent
    assert sorted(path.name for path in home.iterdir()) == ["data", "through", "train.py"]
    assert [path.name for path in (home / "data").iterdir()] == ["table.csv"]
    assert (home / "data" / "table.csv").read_text() == "1,2"


@pytest.mark.parametrize(
    ("mark", "action"),
    [
        *((mark, "write outside") for mark in ("write", "append", "os.open", "itself", "through a link")),
        *((mark, "delete outside") for mark in ("unlink", "remove in folder", "rmtree")),
        *((mark, "change outside") for mark in ("rename", "steal", "link", "symlink", "truncate")),
        *((mark, "change outside") for mark in ("chmod", "fchmod", "utime", "mkdir")),
        *((mark, "write outside, by TensorFlow") for mark in ("tf write", "tf remove", "tf makedirs")),
        *((mark, "use the network") for mark in ("url", "connect", "send", "bind")),
        *((mark, "start a process") for mark in ("subprocess", "shell", "fork", "exec", "spawn")),
        ("kill", "signal another process"),
    ],
)
def test_each_is_on_record_with_its_line(attempts: Observed, mark: str, action: str) -> None:
    assert action in {denial.action for denial in denied(attempts, mark)}


def test_a_denial_names_its_target(attempts: Observed, outside: Path) -> None:
    assert denied(attempts, "append")[0].target == str(outside / "victim.txt")
    assert denied(attempts, "fchmod")[0].target == str(outside / "victim.txt")
    assert str(outside / "tf.txt") in denied(attempts, "tf write")[0].target
    assert denied(attempts, "url")[0].target == "example.org"
    assert denied(attempts, "subprocess")[0].target == sys.executable


def test_the_guards_are_on_record(attempts: Observed) -> None:
    guards = {guard.name: guard for guard in attempts.record.guards}
    assert guards.keys() == {
        *("memory limit", "file size limit", "ends with its parent", "landlock", "audit hook"),
        *("private directory", "time limit"),
    }
    assert guards["audit hook"].active
    assert guards["time limit"].detail == "120 s"


THREADS = """\
    import ctypes, os, pathlib, shutil, socket, sys, threading
    import tensorflow as tf

    outside = pathlib.Path(sys.argv[1])
    victim, new = outside / "victim.txt", outside / "new.txt"
    libc = ctypes.CDLL(None)


    def through_c(function, *arguments):
        if function(*arguments) < 0:
            raise OSError(function.__name__)


    def in_a_pipeline():
        write = lambda _: tf.numpy_function(lambda: new.write_text("x"), [], tf.int64)
        list(tf.data.Dataset.range(1).map(write))


    attempts = [
        lambda: new.write_text("x"),
        lambda: victim.unlink(),
        lambda: shutil.rmtree(outside),
        lambda: tf.io.write_file(str(new), "x"),
        lambda: tf.io.gfile.rmtree(str(outside)),
        lambda: through_c(libc.unlink, bytes(victim)),
        lambda: through_c(libc.open, bytes(new), os.O_CREAT | os.O_WRONLY, 0o600),
        lambda: socket.create_connection(("127.0.0.1", 9), timeout=2),
        in_a_pipeline,
    ]


    def attempt(action):
        try:
            action()
        except BaseException:
            print("refused", flush=True)
        else:
            print("done", flush=True)


    def never_end():
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass


    workers = [threading.Thread(target=attempt, args=(action,)) for action in attempts]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for _ in range(8):
        threading.Thread(target=never_end).start()
    never_end()
"""


def test_threads_may_no_more_and_live_no_longer(tmp_path: Path, outside: Path) -> None:
    record = observe(tmp_path, THREADS, arguments=[str(outside)], seconds=5).record
    assert record.stdout.split() == ["refused"] * 9, record.stderr
    assert record.end == "timeout"
    assert {denial.action for denial in record.denials} >= {"write outside", "delete outside", "use the network"}
    assert [path.name for path in outside.iterdir()] == ["victim.txt"]
    assert (outside / "victim.txt").read_text() == "precious"


def test_a_denial_is_counted_not_repeated(tmp_path: Path) -> None:
    seen = observe(
        tmp_path,
        """\
        for _ in range(1000):
            try:
                open("/tapelint-probe.txt", "w")  # write
            except PermissionError as error:
                message = str(error)
        print(message)
        """,
    )
    (denial,) = seen.record.denials
    assert (denial.action, denial.target, denial.times) == ("write outside", "/tapelint-probe.txt", 1000)
    assert "tapelint probe does not let a script write outside: /tapelint-probe.txt" in seen.record.stdout


def test_a_missing_guard_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tapelint.probe.child import landlock

    monkeypatch.setattr(landlock, "CREATE_RULESET", 100_000)  # A system call no kernel has.
    guard = landlock.confine(str(tmp_path))
    assert not guard.active
    assert "this kernel does not offer it" in guard.detail or not LINUX


# A first line cannot name a program whose path has a space in it; a shell can.
UNGUARDED = """\
#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import ctypes, os, struct, sys
from ctypes import c_char_p, c_void_p

# A filter of system calls, as containers have: landlock_create_ruleset is not implemented.
rules = [(0x20, 0, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0, 0x00050000 | 38), (0x06, 0, 0, 0x7FFF0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *rule) for rule in rules))


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("rules", c_void_p)]


prctl = ctypes.CDLL(None, use_errno=True).prctl
assert prctl(38, 1, 0, 0, 0) == 0
assert prctl(22, 2, ctypes.byref(Program(len(rules), ctypes.addressof(code)))) == 0, os.strerror(ctypes.get_errno())
os.execv({python!r}, [{python!r}, *sys.argv[1:]])
"""


@pytest.mark.skipif(not LINUX or platform.machine() not in ("x86_64", "aarch64"), reason="for seccomp")
def test_without_a_guard_a_script_is_run_only_if_that_is_allowed(tmp_path: Path) -> None:
    python = write(tmp_path, UNGUARDED.format(python=sys.executable), "python")
    python.chmod(0o755)
    outside = tmp_path / "outside.txt"
    script = write(tmp_path, f"open({str(outside)!r}, 'w')\n")
    refused = run(script, python=str(python))
    assert refused.end == "unstarted"
    assert (
        "for a guard is missing: landlock (this kernel does not offer it: Function not implemented)" in refused.detail
    )
    assert "`--allow-unconfined`" in refused.detail
    allowed = run(script, python=str(python), unconfined=True)
    assert (allowed.end, allowed.where and allowed.where.line) == ("raised", 1)
    assert [guard.name for guard in allowed.guards if not guard.active] == ["landlock"]
    assert not outside.exists()


def test_the_users_own_modules_are_not_the_probes(tmp_path: Path) -> None:
    write(tmp_path, "raise SystemExit('imported by the probe')\n", "keras.py")
    write(tmp_path, "raise SystemExit('imported by the probe')\n", "tapelint.py")
    seen = observe(tmp_path, "import sys\nprint(sys.path[0], __name__, __file__)\n")
    assert seen.record.end == "finished", seen.record.detail
    assert seen.record.stdout.split() == [str(tmp_path), "__main__", str(seen.script)]
