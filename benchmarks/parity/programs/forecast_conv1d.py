"""Forecast the next value of a series: causal convolutions, and a loop with validation after each epoch."""

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers as kl

WINDOW = 12


def windows(series):
    x = np.lib.stride_tricks.sliding_window_view(series[:-1], WINDOW)[..., None]
    return x.astype("float32"), series[WINDOW:, None].astype("float32")


def make():
    inp = kl.Input((WINDOW, 1))
    h = kl.Conv1D(6, 3, padding="causal", activation="relu", kernel_regularizer="l1")(inp)
    h = kl.Conv1D(6, 3, padding="causal", dilation_rate=2, activation="relu")(h)
    h = kl.Dropout(0.1)(h)
    return tf.keras.Model(inp, kl.Dense(1)(h[:, -1]))


def train_epoch(model, optimizer, loss, ds):
    for x, y in ds:
        with tf.GradientTape() as tape:
            out = model(x, training=True)
            objective = loss(y, out) + sum(model.losses)
        g = tape.gradient(objective, model.trainable_variables)
        optimizer.apply_gradients(zip(g, model.trainable_variables))


def validate(model, loss, ds):
    return np.mean([loss(y, model(x, training=False)) for x, y in ds])


tf.keras.utils.set_random_seed(77)
series = np.sin(np.arange(164) / 5) + 0.1 * np.random.normal(size=164)
x, y = windows(series)
train_ds = tf.data.Dataset.from_tensor_slices((x[:112], y[:112])).shuffle(112).batch(28)
valid_ds = tf.data.Dataset.from_tensor_slices((x[112:], y[112:])).batch(40)
model = make()
optimizer = tf.keras.optimizers.Adam(0.005)
loss = tf.keras.losses.LogCosh()
for epoch in range(2):
    train_epoch(model, optimizer, loss, train_ds)
    print(epoch, validate(model, loss, valid_ds))
