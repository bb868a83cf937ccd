"""Fine-tuning in two phases: first only the head, then everything with a small rate."""

import numpy as np
import tensorflow as tf


def build():
    body = tf.keras.Sequential(
        [tf.keras.Input((9,)), tf.keras.layers.Dense(14, activation="relu"), tf.keras.layers.BatchNormalization()],
        name="body",
    )
    head = tf.keras.Sequential([tf.keras.Input((14,)), tf.keras.layers.Dropout(0.2), tf.keras.layers.Dense(3)], name="head")
    inputs = tf.keras.Input((9,))
    return body, tf.keras.Model(inputs, head(body(inputs)))


def phase(model, data, rate, steps):
    optimizer = tf.keras.optimizers.Adam(rate)
    loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    for x, y in data.take(steps):
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss = loss_fn(y, logits)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        print(len(model.trainable_variables), "variables, loss", round(float(loss), 4))


tf.keras.utils.set_random_seed(91)
body, model = build()
x = np.random.normal(size=(126, 9)).astype("float32")
y = x[:, :3].argmax(axis=1)
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(126).batch(21).repeat()
body.trainable = False
phase(model, data, rate=1e-2, steps=2)
body.trainable = True
phase(model, data, rate=1e-3, steps=3)
