"""An autoencoder whose decoder is the encoder turned round: one kernel is used twice."""

import numpy as np
import tensorflow as tf


class Tied(tf.keras.layers.Layer):
    def __init__(self, other):
        super().__init__()
        self.other = other

    def build(self, shape):
        self.offset = self.add_weight(shape=(self.other.kernel.shape[0],), initializer="zeros")

    def call(self, codes):
        return tf.matmul(codes, self.other.kernel, transpose_b=True) + self.offset


class Autoencoder(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.corrupt = tf.keras.layers.Dropout(0.3)
        self.encode = tf.keras.layers.Dense(6, activation="tanh")
        self.decode = Tied(self.encode)

    def call(self, x, training=None):
        return self.decode(self.encode(self.corrupt(x, training=training)))


tf.keras.utils.set_random_seed(77)
rows = np.random.normal(size=(112, 14)).astype("float32")
model = Autoencoder()
model(rows[:1])
optimizer = tf.keras.optimizers.SGD(tf.keras.optimizers.schedules.PiecewiseConstantDecay([3], [0.1, 0.05]))
loss_fn = tf.keras.losses.MeanSquaredError()


@tf.function
def step(clean):
    with tf.GradientTape() as tape:
        loss = loss_fn(clean, model(clean, training=True))
    optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    return loss


for part in np.array_split(rows, 7):
    print(float(step(part)))
