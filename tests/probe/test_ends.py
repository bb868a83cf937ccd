"""Every way a script can end, well or badly, makes a record that says so in time."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

import pytest

from tapelint.probe.launch import run
from tapelint.record import Record, from_json
from tests.probe.programs import nursery, observe, write

ENDS = {
    "a busy loop": (
        "x = 0\nwhile True:\n    x += 1\n",
        ("timeout", "stopped by the probe after 2 s", (2, 3)),
    ),
    "a long sleep": (
        "import time\nprint('good night', end='')\ntime.sleep(1000)\n",
        ("timeout", "stopped by the probe after 2 s", (3,)),
    ),
    "a deaf loop": (
        "import time\nwhile True:\n    try:\n        time.sleep(0.01)\n    except BaseException:\n        pass\n",
        ("timeout", "stopped by the probe after 2 s", (2, 3, 4, 5, 6)),
    ),
    "sys.exit": ("import sys\nsys.exit()\n", ("exited", "sys.exit()", (2,))),
    "sys.exit with words": (
        "import sys\ndef quit():\n    sys.exit('no data')\nquit()\n",
        ("exited", "sys.exit('no data')", (3,)),
    ),
    "unittest.main": (
        "import unittest\nclass Test(unittest.TestCase):\n    def test(self):\n        pass\nunittest.main()\n",
        ("exited", "sys.exit(False)", (5,)),
    ),
    "os._exit": ("import os\nprint('so long', end='')\nos._exit(7)\n", ("exited", "os._exit(7)", (3,))),
    "an exception": ("def f(x):\n    return 1 / x\nf(0)\n", ("raised", "ZeroDivisionError: division by zero", (2,))),
    "no such module": (
        "import nobody_has_this\n",
        ("raised", "ModuleNotFoundError: No module named 'nobody_has_this'", (1,)),
    ),
    "input": (
        "name = input('who? ')\n",
        ("raised", "EOFError: the tapelint probe has no keyboard to answer 'who? '", (1,)),
    ),
    "endless recursion": ("def f():\n    f()\nf()\n", ("raised", "RecursionError: ", (2,))),
    "its own death": ("import os\nos.kill(os.getpid(), 9)\n", ("crashed", "crashed with SIGKILL", ())),
    "a crash in C": ("import ctypes\nctypes.string_at(0)\n", ("crashed", "crashed with SIGSEGV", (2,))),
    "closed descriptors": (
        "import os\nos.closerange(3, 256)\nprint('still here', end='')\n",
        ("finished", "ran to its end", ()),
    ),
    "nothing": ("", ("finished", "ran to its end", ())),
}


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("forked", [False, True], ids=["an interpreter", "a fork"])
def test_the_end_is_on_record(name: str, forked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, (end, detail, lines) = ENDS[name]
    mother = nursery() if forked else None
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    started = time.monotonic()
    record = observe(tmp_path, program, seconds=2, nursery=mother).record
    assert record.end == end, (record.detail, record.stderr)
    assert record.detail.startswith(detail)
    assert (record.where.line in lines) if record.where is not None else not lines
    assert "/probe/child/" not in record.stderr
    assert time.monotonic() - started < 60
    assert list((tmp_path / "tmp").iterdir()) == []
    assert mother is None or not mother.private.exists()


UNSTARTED = {
    "a syntax error": (b"x = 1\ndef f(:\n", "the script is not valid Python: invalid syntax (line 2)"),
    "a binary file": (b"\x7fELF\0\0\0", "the script is not valid Python: source code"),
    "an unknown encoding": (b"# coding: klingon\n", "the script is not valid Python: "),
}


@pytest.mark.parametrize("name", UNSTARTED)
def test_what_is_no_program_is_not_run(name: str, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    content, detail = UNSTARTED[name]
    script.write_bytes(content)
    record = run(script, nursery=nursery())
    assert (record.end, record.versions[0][0]) == ("unstarted", "python")
    assert record.detail.startswith(detail)


def test_what_is_no_file_is_not_run(tmp_path: Path) -> None:
    assert run(tmp_path / "none.py").detail == "there is no such file"
    assert run(tmp_path).detail == "this is a directory, not a script"
    assert {run(tmp_path / name).end for name in ("none.py", ".")} == {"unstarted"}


def test_a_python_that_is_not_there_is_said(tmp_path: Path) -> None:
    record = run(write(tmp_path, "print(1)\n"), python=str(tmp_path / "python"))
    assert record.end == "unstarted"
    assert record.detail == f"{tmp_path / 'python'} cannot be started: No such file or directory"


def test_a_python_without_tensorflow_is_told_how_to_get_it(tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    python = tmp_path / "bare" / "bin" / "python"
    record = run(write(tmp_path, "print(1)\n"), python=str(python))
    assert record.end == "unstarted"
    assert record.detail == f"TensorFlow is not installed for {python}: pip install 'tapelint[probe]'"
    assert record.stdout == ""


@pytest.mark.parametrize(
    ("program", "detail"),
    [
        ("data = []\nwhile True:\n    data.append(bytearray(1 << 26))\n", "MemoryError"),
        ("import tensorflow as tf\ndata = [tf.ones((1 << 24,)) for _ in range(99)]\n", "ResourceExhaustedError"),
    ],
    ids=["of Python's", "of TensorFlow's"],
)
def test_memory_has_a_limit(program: str, detail: str, tmp_path: Path) -> None:
    record = observe(tmp_path, program, memory_gib=1.5).record
    assert record.end == "memory", (record.detail, record.stderr)
    assert record.detail.startswith(detail)


def test_a_gigabyte_of_output_costs_nothing(tmp_path: Path) -> None:
    text = "line = 'x' * (1 << 20)\nfor _ in range(1024):\n    print(line)\nprint('the last words')\n"
    record = observe(tmp_path, text).record
    assert (record.end, len(record.stdout)) == ("finished", 8000)
    assert record.stdout.endswith("the last words\n")


def test_what_a_script_leaves_behind_is_ended_too(tmp_path: Path) -> None:
    record = observe(
        tmp_path,
        """\
        import ctypes, os, threading, time
        libc = ctypes.CDLL(None)
        child = libc.fork()
        if child == 0:
            libc.setsid()
            time.sleep(1000)
        threading.Thread(target=time.sleep, args=(1000,)).start()
        print(child)
        """,
    ).record
    assert record.end == "finished"
    assert _has_ended(int(record.stdout))


def test_a_script_that_swallows_the_stop_is_stopped(tmp_path: Path) -> None:
    record = observe(
        tmp_path,
        """\
        import tensorflow as tf
        w = tf.Variable(1.0)
        optimizer = tf.keras.optimizers.SGD(0.1)
        while True:
            try:
                with tf.GradientTape() as tape:
                    loss = w * w
                optimizer.apply_gradients([(tape.gradient(loss, w), w)])
            except:
                pass
        """,
    ).record
    assert (record.end, record.updates) == ("stopped", 4)
    assert len(record.applications) == 4


def test_what_never_comes_back_from_c_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapelint.probe.supervise.GRACE", 1.0)
    record = observe(tmp_path, "import re\nprint('now')\nre.match('(a+)+$', 'a' * 64 + 'b')\n", seconds=1).record
    assert (record.end, record.detail) == ("timeout", "killed after 1 s, because it did not react")
    assert record.stdout == "now\n"


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_leaves_a_partial_record_and_nobody(tmp_path: Path) -> None:
    script = write(
        tmp_path,
        """\
        import os, time
        import tensorflow as tf
        w = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            loss = w * w
        tape.gradient(loss, w)
        print(os.getpid())
        time.sleep(1000)
        """,
    )
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tapelint.probe.launch import run\n"
        "from tapelint.record import to_json\n"
        "def watch(record):\n"
        "    if record.gradients:\n"
        "        sys.stderr.write('ready\\n')\n"
        "print(to_json(run(Path(sys.argv[1]), watch=watch)))\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert parent.stderr is not None
    assert parent.stderr.readline() == "ready\n"
    time.sleep(0.5)
    parent.send_signal(signal.SIGINT)
    out, err = parent.communicate(timeout=20)
    record = from_json(out)
    assert parent.returncode == 0, err
    assert (record.end, record.detail) == ("interrupted", "interrupted from the keyboard")
    assert len(record.gradients) == 1
    assert _has_ended(int(record.stdout))


def test_a_script_ends_with_its_parent(tmp_path: Path) -> None:
    script = write(tmp_path, "import time\ntime.sleep(1000)\n")
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tapelint.probe import launch\n"
        "def watch(record):\n"
        "    print(*[folder.name for folder in Path('/proc').glob('[0-9]*') if mine(folder)], flush=True)\n"
        "def mine(folder):\n"
        "    try:\n"
        "        marked = b'TAPELINT_PROBE' in (folder / 'environ').read_bytes()\n"
        "        return marked and sys.argv[1] in (folder / 'cmdline').read_text()\n"
        "    except OSError:\n"
        "        return False\n"
        "launch.run(Path(sys.argv[1]), watch=watch)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(script)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert parent.stdout is not None
    child = next(line for line in parent.stdout if line.strip())
    parent.kill()
    parent.communicate()
    assert _has_ended(int(child.split()[0]))


def test_whoever_watches_hears_what_is_known_so_far(tmp_path: Path) -> None:
    heard: list[Record] = []
    observe(tmp_path, "import time\nopen('x', 'w')\ntime.sleep(1)\n", watch=heard.append)
    assert heard
    assert heard[-1].script == str(tmp_path / "train.py")
    assert any(record.guards for record in heard)


def _has_ended(process: int) -> bool:
    for _ in range(50):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{process}/stat").exists() and ") Z " in Path(f"/proc/{process}/stat").read_text():
            return True
        time.sleep(0.1)
    return False
