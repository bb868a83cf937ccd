"""A general helper gets model, loss and optimizer handed in, and micro batches are collected in a list."""

import keras
import numpy as np
import tensorflow as tf


def gradients_of(model, loss_fn, x, y):
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x, training=True))
    return loss, tape.gradient(loss, model.trainable_variables)


def accumulate(model, loss_fn, optimizer, parts):
    collected, losses = [], []
    for x, y in parts:
        loss, gradients = gradients_of(model, loss_fn, x, y)
        collected.append(gradients)
        losses.append(float(loss))
    mean = [tf.add_n(list(each)) / len(collected) for each in zip(*collected)]
    optimizer.apply_gradients(zip(mean, model.trainable_variables))
    return np.mean(losses)


keras.utils.set_random_seed(70)
model = keras.Sequential([keras.Input((7,)), keras.layers.Dense(12, "silu"), keras.layers.Dropout(0.1), keras.layers.Dense(3, "softmax")])
optimizer = keras.optimizers.RMSprop(2e-3)
loss_fn = keras.losses.CategoricalCrossentropy()
x = np.random.normal(size=(150, 7)).astype("float32")
y = np.eye(3, dtype="float32")[x[:, :3].argmax(axis=1)]
parts = [(x[start : start + 10], y[start : start + 10]) for start in range(0, 150, 10)]
for start in range(0, 15, 3):
    print(accumulate(model, loss_fn, optimizer, parts[start : start + 3]))
