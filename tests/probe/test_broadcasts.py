"""What the record holds of operations that are done for every pair of elements."""

from pathlib import Path

from tests.probe.programs import observe

PROGRAM = """\
    import numpy as np
    import tensorflow as tf

    row, column = tf.ones(4), tf.ones((4, 1))
    for _ in range(3):
        row - column  # operator
    tf.math.squared_difference(column, np.ones(4, "float32"))  # function
    row - tf.ones(4)
    column * 2.0
    column - tf.ones((1, 1))
"""


def test_operations_that_give_more_than_they_get(tmp_path: Path) -> None:
    seen = observe(tmp_path, PROGRAM)
    assert seen.record.troubles == ()
    by_operator, by_function = seen.record.broadcasts
    assert by_operator.where is not None
    assert by_operator.where.line == seen.line("operator")
    assert (by_operator.left, by_operator.right, by_operator.result) == ((4,), (4, 1), (4, 4))
    assert by_operator.times == 3
    assert by_function.where is not None
    assert by_function.where.line == seen.line("function")
    assert (by_function.operation, by_function.times) == ("squared_difference", 1)
