"""Are two drawings by one hand? Both go through the same encoder, and their distance is judged."""

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(31)

encoder = tf.keras.Sequential(
    [
        tf.keras.Input((6, 6, 1)),
        tf.keras.layers.Conv2D(4, 3, activation="relu"),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dropout(0.2),
        tf.keras.layers.Dense(5),
    ]
)
optimizer = tf.keras.optimizers.Adam(2e-3)
MARGIN = 1.0


def contrastive_loss(same, left, right):
    distance = tf.sqrt(tf.reduce_sum(tf.square(left - right), axis=1) + 1e-9)
    apart = tf.maximum(MARGIN - distance, 0.0)
    return tf.reduce_mean(same * tf.square(distance) + (1 - same) * tf.square(apart))


@tf.function
def train_step(first, second, same):
    with tf.GradientTape() as tape:
        left = encoder(first, training=True)
        right = encoder(second, training=True)
        loss = contrastive_loss(same, left, right)
    gradients = tape.gradient(loss, encoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
    return loss


writers = np.random.normal(size=(6, 6, 6, 1))
for step in range(5):
    a, b = np.random.randint(0, 6, (2, 26))
    b[::2] = a[::2]
    first = (writers[a] + 0.3 * np.random.normal(size=(26, 6, 6, 1))).astype("float32")
    second = (writers[b] + 0.3 * np.random.normal(size=(26, 6, 6, 1))).astype("float32")
    loss = train_step(tf.constant(first), tf.constant(second), tf.constant((a == b).astype("float32")))
    print(f"{step}: {loss:.4f}")
