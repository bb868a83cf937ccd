"""Three examples at a time: like ones are to be closer than unlike ones, by a margin."""

import numpy as np
import tensorflow as tf


def embedder():
    inputs = tf.keras.Input((10,))
    x = tf.keras.layers.Dense(14, activation="relu")(inputs)
    x = tf.keras.layers.BatchNormalization()(x)
    x = tf.keras.layers.Dense(5)(x)
    return tf.keras.Model(inputs, tf.keras.layers.UnitNormalization()(x))


tf.keras.utils.set_random_seed(33)
model = embedder()
optimizer = tf.keras.optimizers.RMSprop(1e-3)
centers = np.random.normal(size=(4, 10)).astype("float32")


def draw(count):
    same = np.random.randint(0, 4, count)
    other = (same + np.random.randint(1, 4, count)) % 4
    noise = np.random.normal(scale=0.3, size=(3, count, 10)).astype("float32")
    return centers[same] + noise[0], centers[same] + noise[1], centers[other] + noise[2]


def train_step(anchor, positive, negative, margin=0.4):
    with tf.GradientTape() as tape:
        a, p, n = (model(each, training=True) for each in (anchor, positive, negative))
        near = tf.reduce_sum(tf.square(a - p), axis=-1)
        far = tf.reduce_sum(tf.square(a - n), axis=-1)
        loss = tf.reduce_mean(tf.maximum(near - far + margin, 0.0))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(list(zip(gradients, model.trainable_variables)))
    return loss


for _ in range(6):
    print(train_step(*draw(21)).numpy())
