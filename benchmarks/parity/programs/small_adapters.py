"""A large network stays as it is; small adapters beside its layers learn."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers


class Adapted(layers.Layer):
    def __init__(self, dense, rank=2):
        super().__init__()
        self.dense = dense
        dense.trainable = False
        self.down = layers.Dense(rank, use_bias=False)
        self.up = layers.Dense(dense.units, use_bias=False)

    def call(self, x):
        return self.dense(x) + self.up(self.down(x))


keras.utils.set_random_seed(31)
inputs = keras.Input((10,))
first, second = layers.Dense(20), layers.Dense(20)
pretrained = keras.Model(inputs, second(keras.activations.relu(first(inputs))))
x = keras.activations.relu(Adapted(first)(inputs))
x = layers.LayerNormalization(trainable=False)(Adapted(second)(x))
model = keras.Model(inputs, layers.Dense(2)(layers.Dropout(0.1)(x)))

optimizer = keras.optimizers.Adam(1e-2)
loss_fn = keras.losses.CategoricalCrossentropy(from_logits=True)
rows = np.random.normal(size=(104, 10)).astype("float32")
classes = keras.utils.to_categorical(rows[:, 0] > rows[:, 1], 2)


@tf.function
def step(batch, truth):
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([variable.value for variable in model.trainable_variables])
        loss = loss_fn(truth, model(batch, training=True))
    gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    optimizer.apply(gradients, model.trainable_variables)
    return loss


for batch, truth in tf.data.Dataset.from_tensor_slices((rows, classes)).batch(26):
    print(float(step(batch, truth)))
