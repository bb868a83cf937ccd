"""Layers of one's own: a linear layer, and one that adds a penalty on what comes out of it."""

import keras
import numpy as np
import tensorflow as tf


class Linear(keras.layers.Layer):
    def __init__(self, units=32, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="glorot_uniform", name="w")
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")

    def call(self, inputs):
        return tf.matmul(inputs, self.w) + self.b


class SparseActivity(keras.layers.Layer):
    def __init__(self, rate=0.01, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate

    def call(self, inputs):
        self.add_loss(self.rate * tf.reduce_mean(tf.abs(inputs)))
        return inputs


class Perceptron(keras.Model):
    def __init__(self):
        super().__init__()
        self.first = Linear(14)
        self.sparse = SparseActivity(0.3)
        self.second = Linear(10)
        self.out = Linear(1)

    def call(self, inputs):
        x = self.sparse(tf.nn.relu(self.first(inputs)))
        x = tf.nn.relu(self.second(x))
        return self.out(x)


keras.utils.set_random_seed(21)
x_train = np.random.normal(size=(140, 6)).astype("float32")
y_train = np.abs(x_train[:, :1]) - x_train[:, 1:2]
train_dataset = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(buffer_size=140).batch(28)

model = Perceptron()
model(x_train[:1])  # makes the weights
loss_fn = keras.losses.MeanSquaredError()
optimizer = keras.optimizers.SGD(learning_rate=0.02)


def train_step(x, y):
    with tf.GradientTape() as tape:
        pred = model(x)
        loss = loss_fn(y, pred)
        loss += sum(model.losses)
    grads = tape.gradient(loss, model.trainable_weights)
    optimizer.apply_gradients(zip(grads, model.trainable_weights))
    return loss


for x, y in train_dataset:
    print(train_step(x, y).numpy())
