"""Running commands in this process, and programs for them to find something in."""

from dataclasses import dataclass

from typer.testing import CliRunner

from tapelint.cli.app import application

BROKEN = """\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1)])
for x, y in [(tf.zeros((2, 4)), tf.zeros((2, 1)))] * 3:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)  # noqa: TL201
"""
"""An error TL101 on LINE, and a warning TL002."""

LINE = 7


@dataclass(frozen=True)
class Told:
    """What a command said, and its exit status."""

    status: int
    out: str
    err: str


def tapelint(*arguments: object, stdin: str | bytes | None = None) -> Told:
    """Runs the program with these arguments."""
    result = CliRunner().invoke(application(), [str(each) for each in arguments], input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Told(result.exit_code, result.stdout, result.stderr)
