"""One trunk and two heads: what it is, and how large it is."""

import numpy as np
import tensorflow as tf

keras = tf.keras
layers = keras.layers

keras.utils.set_random_seed(19)

picture = keras.Input((8, 8, 2), name="picture")
x = layers.Conv2D(6, 3, activation="relu")(picture)
x = layers.Flatten()(x)
x = layers.Dense(12, activation="relu", kernel_regularizer="l2")(x)
kind = layers.Dense(4, name="kind")(x)
size = layers.Dense(1, name="size")(x)
model = keras.Model(picture, [kind, size])

kind_loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
size_loss = keras.losses.MeanSquaredError()
optimizer = keras.optimizers.RMSprop(1e-3)


@tf.function
def train_on(pictures, kinds, sizes):
    with tf.GradientTape() as tape:
        kind_logits, size_predicted = model(pictures, training=True)
        loss = kind_loss(kinds, kind_logits) + size_loss(sizes, size_predicted) + sum(model.losses)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for step in range(5):
    kinds = np.random.randint(0, 4, 22)
    sizes = np.random.uniform(size=(22, 1)).astype("float32")
    pictures = np.random.normal(size=(22, 8, 8, 2)).astype("float32")
    pictures[:, :, :, 0] += kinds[:, None, None]
    pictures[:, :, :, 1] *= sizes[:, :, None]
    print(step, train_on(tf.constant(pictures), tf.constant(kinds), tf.constant(sizes)).numpy())
