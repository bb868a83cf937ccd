"""A functional model with two outputs, whose losses have different weights and whose kernels are penalized."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers, regularizers

keras.utils.set_random_seed(30)
inputs = keras.Input((9,), name="measurements")
trunk = layers.Dense(20, activation="swish", kernel_regularizer=regularizers.L2(5e-3))(inputs)
trunk = layers.BatchNormalization()(trunk)
price = layers.Dense(1, name="price", kernel_regularizer=regularizers.L1(1e-3))(trunk)
kind = layers.Dense(4, activation="softmax", name="kind")(trunk)
model = keras.Model(inputs, {"price": price, "kind": kind})

price_loss = keras.losses.Huber(delta=2.0)
kind_loss = keras.losses.SparseCategoricalCrossentropy()
optimizer = keras.optimizers.RMSprop(1e-3)

x = np.random.normal(size=(132, 9)).astype("float32")
prices = x @ np.random.normal(size=(9, 1)).astype("float32")
kinds = np.argmax(x[:, :4], axis=1)
dataset = tf.data.Dataset.from_tensor_slices((x, {"price": prices, "kind": kinds})).shuffle(132).batch(22)


@tf.function
def step(features, targets):
    with tf.GradientTape() as tape:
        outputs = model(features, training=True)
        first = price_loss(targets["price"], outputs["price"])
        second = kind_loss(targets["kind"], outputs["kind"])
        penalty = tf.add_n(model.losses)
        total = first + 0.4 * second + penalty
    grads = tape.gradient(total, model.trainable_weights)
    optimizer.apply(grads, model.trainable_weights)
    return first, second


for features, targets in dataset:
    first, second = step(features, targets)
    print(float(first), float(second))
