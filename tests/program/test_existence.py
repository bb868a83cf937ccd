"""What the knowledge tables name exists in Keras."""

import json
import subprocess
import sys

from tests.program.test_knowledge import listed

# What Keras 3 keeps elsewhere, or has dropped while programs still name it.
_ELSEWHERE = {
    "keras.Callback",
    "keras.PyDataset",
    "keras.backend.Variable",
    "keras.backend.binary_crossentropy",
    "keras.backend.categorical_crossentropy",
    "keras.backend.sparse_categorical_crossentropy",
    "keras.preprocessing.image.ImageDataGenerator",
    "keras.utils.np_utils.to_categorical",
}

_LOOK_UP = """
import importlib, json, sys

def exists(name):
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ImportError:
            continue
        for part in parts[cut:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False

print(json.dumps([name for name in json.load(sys.stdin) if not exists(name)]))
"""


def test_what_the_tables_say_of_keras_exists() -> None:
    names = sorted({name for names in listed().values() for name in names if name.startswith("keras.")} - _ELSEWHERE)
    told = subprocess.run(
        [sys.executable, "-c", _LOOK_UP], input=json.dumps(names), capture_output=True, text=True, check=True
    )
    assert json.loads(told.stdout.splitlines()[-1]) == []
