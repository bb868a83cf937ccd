"""A detector of rare events, with a focal loss of one's own."""

import numpy as np
import tensorflow as tf
from tensorflow.keras import Model, layers, optimizers

tf.keras.utils.set_random_seed(8)


def focal_loss(y_true, y_pred, gamma=2.0, alpha=0.75):
    y_pred = tf.clip_by_value(y_pred, 1e-6, 1 - 1e-6)
    right = tf.where(y_true > 0.5, y_pred, 1 - y_pred)
    weight = tf.where(y_true > 0.5, alpha, 1 - alpha)
    return tf.reduce_mean(-weight * (1 - right) ** gamma * tf.math.log(right))


def make_model(features):
    inputs = layers.Input(shape=(features,))
    x = layers.Dense(16, activation="relu")(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.Dropout(0.2)(x)
    x = layers.Dense(8, activation="relu")(x)
    return Model(inputs, layers.Dense(1, activation="sigmoid")(x))


def make_data(rows=180, features=7):
    x = np.random.normal(size=(rows, features)).astype(np.float32)
    y = (x[:, 0] + 0.5 * x[:, 1] > 1.2).astype(np.float32).reshape(-1, 1)
    return x, y


x, y = make_data()
model = make_model(x.shape[1])
optimizer = optimizers.Adam(1e-3)

for epoch in range(1):
    permutation = np.random.permutation(len(x))
    for i in range(0, len(x), 36):
        rows = permutation[i : i + 36]
        xb, yb = tf.convert_to_tensor(x[rows]), tf.convert_to_tensor(y[rows])
        with tf.GradientTape() as tape:
            out = model(xb, training=True)
            loss = focal_loss(yb, out)
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        print(f"batch {i // 36}: {loss.numpy():.5f}")
