"""Checks come to an end too: on long chains, on values that share their parts, on many steps and loops."""

import pytest

from tests.checks.test_examine import MODEL, STEP, found

DATA = "import numpy as np\nx = np.arange(100)\n"
TRAIN = """
for epoch in range(3):
    for a, b in tf.data.Dataset.from_tensor_slices((x, x)).batch(32):
        step(a, b)
model.compile("sgd", "mse")
model.fit(x, x, epochs=len(x))
"""

DEEP = {
    "a chain of sums": DATA + "x = x + 1\n" * 400 + TRAIN,
    "a chain of calls": DATA + "x = np.sin(x)\n" * 400 + TRAIN,
    "a chain of slices": DATA + "x = x[1:]\n" * 400 + TRAIN,
    "a chain of pipelines": (
        "d = tf.data.Dataset.from_tensor_slices((1, 2))\n"
        + "d = d.map(f)\n" * 400
        + "for a, b in d.batch(32):\n    step(a, b)\n"
    ),
    "a chain of losses": STEP.replace(
        "    gradients", "    " + "    loss = loss + 1.0\n    " * 300 + "    gradients", 1
    ),
    "sums of sums": DATA + "x = x + x\n" * 60 + TRAIN,
    "blocks of blocks": DATA + "x = np.concatenate([x, x])\n" * 60 + TRAIN,
    "sizes of sizes": DATA + "x = x[len(x) - len(x):len(x) + len(x)]\n" * 40 + TRAIN,
    "a normalization again and again": DATA + "x = (x - np.mean(x)) / (np.max(x) - np.min(x))\n" * 40 + TRAIN,
    "losses of losses": STEP.replace(
        "    gradients", "    " + "    loss = tf.add(loss, loss)\n    " * 60 + "    gradients", 1
    ),
    "variables of variables": "v = model.trainable_variables\n"
    + "v = v + v\n" * 60
    + STEP.replace("model.trainable_variables", "v")
    + TRAIN,
    "models of models": "model = keras.Sequential([keras.layers.Dropout(0.5)])\n"
    + "model = keras.Sequential([model, keras.layers.Dense(1)])\n" * 20
    + STEP
    + "for i in data: step(i, i)\n",
    "100 steps": "".join(STEP.replace("step(", f"step{n}(") for n in range(100)),
    "60 loops, one after another": "w = tf.Variable(1.0)\n" + "for i in data:\n    w = w - i\n    step(w, i)\n" * 60,
    "100 fits": DATA + TRAIN + "model.fit(x, x, epochs=100, callbacks=[keras.callbacks.EarlyStopping('a')])\n" * 100,
    "60 metrics": "".join(f"m{n} = keras.metrics.Mean()\n" for n in range(60))
    + "for e in range(9):\n    for b in data:\n"
    + "".join(f"        m{n}.update_state(b)\n" for n in range(60))
    + "".join(f"    print(m{n}.result())\n" for n in range(60)),
}


@pytest.mark.parametrize("case", DEEP)
def test_the_checks_come_to_an_end(case: str) -> None:
    """A last line with a bug of its own shows that the program was read to its end."""
    findings = found({"a.py": MODEL + STEP + DEEP[case] + "\nplt.plot(1)\n"})
    assert "unimported-module" in {finding.rule for finding in findings}
