"""A whole epoch is one graph: the loop over the data is inside of the function."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

keras.utils.set_random_seed(44)
model = keras.Sequential([keras.Input((8,)), layers.Dense(15, activation="selu", kernel_regularizer="l2"), layers.BatchNormalization(), layers.Dense(1)])
optimizer = keras.optimizers.RMSprop(1e-3, momentum=0.5)
loss_fn = keras.losses.MeanSquaredError()
x = np.random.normal(size=(108, 8)).astype("float32")
y = (x ** 2).sum(axis=1, keepdims=True)
dataset = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(108).batch(18)


@tf.function
def epoch():
    total, steps = tf.constant(0.0), tf.constant(0)
    for inputs, targets in dataset:
        with tf.GradientTape() as tape:
            loss = loss_fn(targets, model(inputs, training=True)) + tf.reduce_sum(model.losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        total += loss
        steps += 1
    return total / tf.cast(steps, tf.float32)


for number in range(2):
    print(number, epoch().numpy())
