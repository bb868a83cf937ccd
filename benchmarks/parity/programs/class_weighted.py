"""Rare classes count more: each example has the weight of its class."""

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(12)
features = np.random.normal(size=(184, 7)).astype("float32")
labels = np.digitize(features[:, 0], [0.8, 1.6])
counts = np.bincount(labels, minlength=3)
class_weights = tf.constant(len(labels) / (3.0 * np.maximum(counts, 1)), tf.float32)

model = keras.Sequential(
    [keras.Input((7,)), keras.layers.Dense(14, "relu"), keras.layers.AlphaDropout(0.1), keras.layers.Dense(3, "softmax")]
)
criterion = keras.losses.SparseCategoricalCrossentropy()
optimizer = keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(3e-3, 10, 0.9))


@tf.function(reduce_retracing=True)
def update(x, y):
    weights = tf.gather(class_weights, y)
    with tf.GradientTape() as tape:
        value = criterion(y, model(x, training=True), sample_weight=weights)
    optimizer.apply_gradients(zip(tape.gradient(value, model.trainable_variables), model.trainable_variables))
    return value


for epoch in range(2):
    order = np.random.permutation(184)
    for rows in np.split(order, 8):
        value = update(features[rows], labels[rows])
    print(epoch, value.numpy())
