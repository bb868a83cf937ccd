"""Convolutions in half precision with a loss that the optimizer scales."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

keras.utils.set_random_seed(17)
keras.mixed_precision.set_global_policy("mixed_float16")
inputs = keras.Input((8, 8, 1))
h = layers.Conv2D(6, 3, activation="relu")(inputs)
h = layers.Flatten()(h)
outputs = layers.Dense(3, dtype="float32")(h)
classifier = keras.Model(inputs, outputs)
keras.mixed_precision.set_global_policy("float32")

optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(2e-3), initial_scale=512.0)
loss_object = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
pictures = np.random.uniform(size=(90, 8, 8, 1)).astype("float32")
targets = np.random.randint(0, 3, 90)


@tf.function
def training_step(pictures, targets):
    with tf.GradientTape() as tape:
        loss = loss_object(targets, classifier(pictures, training=True))
        scaled = optimizer.scale_loss(loss)
    gradients = tape.gradient(scaled, classifier.trainable_variables)
    optimizer.apply_gradients(zip(gradients, classifier.trainable_variables))
    return loss


for start in range(0, 90, 15):
    print(float(training_step(pictures[start : start + 15], targets[start : start + 15])))
