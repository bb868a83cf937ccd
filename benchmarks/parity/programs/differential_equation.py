"""A network that solves u'' = -u: the loss is made of its own derivatives."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(101)
u = keras.Sequential(
    [keras.Input((1,)), keras.layers.Dense(14, activation="tanh"), keras.layers.Dense(14, activation="tanh"), keras.layers.Dense(1)]
)
optimizer = keras.optimizers.Adam(5e-3)


def derivatives(t):
    with tf.GradientTape() as outer:
        outer.watch(t)
        with tf.GradientTape() as inner:
            inner.watch(t)
            value = u(t)
        slope = inner.gradient(value, t)
    return value, outer.gradient(slope, t)


@tf.function
def solve_step(t):
    with tf.GradientTape() as tape:
        value, curvature = derivatives(t)
        residual = tf.reduce_mean(tf.square(curvature + value))
        boundary = tf.reduce_mean(tf.square(u(tf.constant([[0.0]])) - 1.0))
        loss = residual + 10.0 * boundary
    weights = u.trainable_weights
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
    return loss


for step in range(5):
    points = tf.constant(np.random.uniform(0, 3, (24, 1)).astype("float32"))
    print(step, float(solve_step(points)))
