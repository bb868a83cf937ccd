"""A child that is a fork of a process with TensorFlow in it makes the Record that an interpreter makes."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tapelint.probe.launch import run
from tapelint.probe.nursery import Nursery
from tapelint.record import Record
from tests.probe.programs import observe, write

TRAINING = """\
import os, random, sys, warnings
import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(1)
x = np.random.normal(size=(32, 4)).astype("float32")
y = x.sum(axis=1, keepdims=True)
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(32, seed=7).batch(8)
layers = [keras.layers.Dense(8, activation="relu"), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
model = keras.Sequential([keras.Input((4,)), *layers])
optimizer = keras.optimizers.Adam(0.01)
accuracy = keras.metrics.MeanSquaredError()


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    accuracy.update_state(y, model(x))
    return loss


for epoch in range(2):
    for x_batch, y_batch in data:
        step(x_batch, y_batch)
    print(epoch, float(accuracy.result()))
model.compile(optimizer="sgd", loss="mse")
print(model.fit(x, y, epochs=2, verbose=0).history["loss"], model.predict(x, verbose=0).sum())
warnings.warn("look out")
with open("result.txt", "w") as file:
    file.write("done")
try:
    open("/tapelint-probe.txt", "w")
except PermissionError as error:
    print(error)
print(sys.argv, os.getcwd() == os.path.realpath("."), os.listdir("."), os.environ["HOME"] in os.environ["TMPDIR"])
print(random.random(), sorted(name for name in os.environ if name.startswith("K")), tf.config.list_physical_devices())
{}["the end"]
"""


def timeless(record: Record) -> Record:
    """A record without the seconds that anything took."""
    calls = tuple(dataclasses.replace(call, seconds=0.0) for call in record.trainer_calls)
    return dataclasses.replace(record, seconds=0.0, importing=0.0, running=0.0, trainer_calls=calls)


@pytest.mark.parametrize("graph", [False, True], ids=["eager", "compiled"])
def test_a_fork_makes_the_record_that_an_interpreter_makes(graph: bool, tmp_path: Path) -> None:
    script = write(tmp_path, TRAINING)
    with Nursery() as nursery:
        forks = [run(script, arguments=["--epochs", "3"], steps=9, graph=graph, nursery=nursery) for _ in range(2)]
    alone = timeless(run(script, arguments=["--epochs", "3"], steps=9, graph=graph))
    assert (alone.end, alone.detail) == ("raised", "KeyError: 'the end'")
    for fork in map(timeless, forks):
        for field in dataclasses.fields(alone):
            if field.name != "stderr":  # What the libraries say of their imports is said once.
                assert getattr(fork, field.name) == getattr(alone, field.name), field.name
        assert fork.stderr.splitlines()[-3:] == alone.stderr.splitlines()[-3:]


LEAVING_TRACES = """\
import os, sys, threading, time
import keras
import tensorflow as tf
keras.utils.set_random_seed(1)
keras.backend.set_floatx("float64")
keras.mixed_precision.set_global_policy("mixed_float16")
tf.config.threading.set_inter_op_parallelism_threads(1)
print(tf.random.normal(()).dtype)
os.environ["LEFT"] = "behind"
sys.modules["left"] = sys
tf.left = "behind"
open("left.txt", "w").write("behind")
open(os.path.expanduser("~/left.txt"), "w").write("behind")
os.umask(0o777)
os.setpriority(os.PRIO_PROCESS, 0, 19)
threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
"""

LOOKING_FOR_TRACES = """\
import os, sys, threading
import keras
import tensorflow as tf
print(keras.backend.floatx(), keras.mixed_precision.global_policy().name)
print(tf.config.threading.get_inter_op_parallelism_threads(), keras.utils.get_random_seed() if 0 else "")
print("LEFT" in os.environ, "left" in sys.modules, hasattr(tf, "left"))
print(os.path.exists("left.txt"), os.path.exists(os.path.expanduser("~/left.txt")))
print(oct(os.umask(0)), os.getpriority(os.PRIO_PROCESS, 0))
print([thread.name for thread in threading.enumerate()])
"""


def test_a_script_leaves_nothing_to_the_next(tmp_path: Path) -> None:
    with Nursery() as nursery:
        before = observe(tmp_path, LOOKING_FOR_TRACES, nursery=nursery).record
        between = observe(tmp_path, LEAVING_TRACES, nursery=nursery).record
        after = observe(tmp_path, LOOKING_FOR_TRACES, nursery=nursery).record
    assert (before.end, between.end) == ("finished", "finished"), (before.stderr, between.stderr)
    assert "False False False\nFalse False" in before.stdout
    assert after.stdout == before.stdout


MOTHER = "import os\nprint(os.getppid())\n"


def mother(nursery: Nursery, folder: Path) -> int:
    """The number of the process that the children are forked from."""
    record = observe(folder, MOTHER, nursery=nursery).record
    assert record.end == "finished", record.detail
    return int(record.stdout)


def test_whatever_ends_a_child_its_mother_lives(tmp_path: Path) -> None:
    ends = {
        "crashed": "import os\nos.kill(os.getpid(), 9)\n",
        "timeout": "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))\ntime.sleep(1000)\n",
        "memory": "data = [bytearray(1 << 30) for _ in range(9)]\n",
        "finished": "import ctypes\nif ctypes.CDLL(None).fork() == 0:\n    import time\n    time.sleep(1000)\n",
        "unstarted": "def f(:\n",
    }
    with Nursery() as nursery:
        number = mother(nursery, tmp_path)
        for end, program in ends.items():
            seconds = 2 if end == "timeout" else 60
            record = observe(tmp_path, program, seconds=seconds, memory_gib=1.5, nursery=nursery).record
            assert record.end == end, record.detail
            assert mother(nursery, tmp_path) == number
            assert _children(number) == []
    assert _has_ended(number)
    assert not nursery.private.parent.exists()


def test_a_dead_mother_is_replaced(tmp_path: Path) -> None:
    with Nursery() as nursery:
        number = mother(nursery, tmp_path)
        os.kill(number, signal.SIGKILL)
        assert _has_ended(number)
        assert mother(nursery, tmp_path) != number


def test_a_child_dies_with_its_mother(tmp_path: Path) -> None:
    program = "import os, time\nprint(os.getppid())\ntime.sleep(1000)\n"
    with Nursery() as nursery:
        number = mother(nursery, tmp_path)

        def kill(_: object) -> None:
            if _children(number):
                os.kill(number, signal.SIGKILL)

        record = observe(tmp_path, program, nursery=nursery, watch=kill).record
        assert (record.end, record.detail) == ("crashed", "crashed with SIGKILL")
        assert mother(nursery, tmp_path) != number


def test_another_environment_needs_another_mother(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Nursery() as nursery:
        number = mother(nursery, tmp_path)
        monkeypatch.setenv("SPEED", "slow")
        record = observe(tmp_path, "import os\nprint(os.getppid(), os.environ['SPEED'])\n", nursery=nursery).record
        assert record.stdout.split()[1] == "slow"
        assert int(record.stdout.split()[0]) != number
        assert _has_ended(number)


def test_what_cannot_be_started_is_said(tmp_path: Path) -> None:
    script = write(tmp_path, "print(1)\n")
    with Nursery() as nursery:
        missing = run(script, python=str(tmp_path / "python"), nursery=nursery)
        assert missing.end == "unstarted"
        assert missing.detail == f"{tmp_path / 'python'} cannot be started: No such file or directory"
        assert run(script, nursery=nursery).stdout == "1\n"


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("late", [False, True], ids=["during the imports", "during the script"])
def test_an_interrupt_ends_the_child_and_its_mother(late: bool, tmp_path: Path) -> None:
    script = write(tmp_path, "import time\nprint('here')\ntime.sleep(1000)\n")
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from tapelint.probe.launch import run\n"
        "from tapelint.probe.nursery import Nursery\n"
        "def watch(record):\n"
        "    print('watching', bool(record.versions), flush=True)\n"
        "with Nursery() as nursery:\n"
        "    print(run(Path(sys.argv[1]), watch=watch, nursery=nursery).end)\n"
        "    print(nursery.private.parent)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(script)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert parent.stdout is not None
    assert any(line == f"watching {late}\n" for line in parent.stdout)
    children = _children(parent.pid)
    assert children
    parent.send_signal(signal.SIGINT)
    out, _ = parent.communicate(timeout=20)
    *_, end, home = out.splitlines()
    assert (parent.returncode, end) == (0, "interrupted")
    assert not Path(home).exists()
    assert all(_has_ended(child) for child in children)


def test_nobody_outlives_the_parent(tmp_path: Path) -> None:
    script = write(tmp_path, "import os, time\nopen(os.environ['HOME'] + '/up', 'w')\nprint(1)\ntime.sleep(1000)\n")
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tapelint.probe.launch import run\n"
        "from tapelint.probe.nursery import Nursery\n"
        "def watch(record):\n"
        "    print(record.versions and 'up', flush=True)\n"
        "run(Path(sys.argv[1]), watch=watch, nursery=Nursery())\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(script)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert parent.stdout is not None
    assert any(line == "up\n" for line in parent.stdout)
    (server,) = _children(parent.pid)
    (child,) = _children(server)
    parent.kill()
    parent.communicate()
    assert _has_ended(server)
    assert _has_ended(child)


def _children(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found.append(int(folder.name))
    return found


def _has_ended(process: int) -> bool:
    for _ in range(50):
        try:
            if ") Z " in Path(f"/proc/{process}/stat").read_text():
                return True
        except OSError:
            return True
        time.sleep(0.1)
    return False
