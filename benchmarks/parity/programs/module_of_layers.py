"""A tf.Module that holds Keras layers and is no Keras model itself; its variables are gathered by hand."""

import numpy as np
import tensorflow as tf


class Regressor(tf.Module):
    def __init__(self):
        super().__init__(name="regressor")
        self.first = tf.keras.layers.Dense(18, activation="tanh")
        self.noise = tf.keras.layers.GaussianNoise(0.1)
        self.second = tf.keras.layers.Dense(9, activation="tanh")
        self.last = tf.keras.layers.Dense(2)

    @property
    def trainable_variables(self):
        return [each for layer in (self.first, self.second, self.last) for each in layer.trainable_variables]

    def __call__(self, x, training=False):
        x = self.noise(self.first(x), training=training)
        return self.last(self.second(x))


class Trainer:
    def __init__(self, module, optimizer):
        self.module, self.optimizer = module, optimizer

    def fit(self, batches):
        for x, y in batches:
            yield self.update(x, y)

    def update(self, x, y):
        with tf.GradientTape() as tape:
            error = tf.reduce_mean(tf.math.squared_difference(self.module(x, training=True), y))
        variables = self.module.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(error, variables), variables))
        return float(error)


tf.keras.utils.set_random_seed(9)
module = Regressor()
module(tf.zeros((1, 5)))
inputs = tf.random.normal((119, 5))
outputs = tf.stack([tf.reduce_sum(inputs, axis=1), inputs[:, 0] * inputs[:, 1]], axis=1)
batches = tf.data.Dataset.from_tensor_slices((inputs, outputs)).batch(17)
print(list(Trainer(module, tf.keras.optimizers.SGD(0.02, nesterov=True, momentum=0.9)).fit(batches)))
