"""Several quantiles at once, with a loss class of the program's own and a penalty on what the layers give."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops


class Pinball(keras.losses.Loss):
    def __init__(self, quantiles, **kwargs):
        super().__init__(**kwargs)
        self.quantiles = ops.convert_to_tensor(quantiles, "float32")

    def call(self, y_true, y_pred):
        error = y_true - y_pred
        return ops.mean(ops.maximum(self.quantiles * error, (self.quantiles - 1.0) * error), axis=-1)


keras.utils.set_random_seed(25)
x = np.random.uniform(-1, 1, size=(130, 3)).astype("float32")
y = (np.sin(3 * x[:, :1]) + np.random.normal(scale=0.2, size=(130, 1))).astype("float32")
model = keras.Sequential([keras.Input((3,)), layers.Dense(16, "relu", activity_regularizer=keras.regularizers.L2(1e-2)), layers.Dense(3)])
pinball = Pinball([0.1, 0.5, 0.9])
optimizer = keras.optimizers.SGD(0.1)
dataset = tf.data.Dataset.from_tensor_slices((x, y)).repeat().shuffle(130).batch(26).take(6)


@tf.function
def step(inputs, truth):
    with tf.GradientTape() as tape:
        loss = pinball(truth, model(inputs, training=True))
        loss += sum(model.losses)
    variables = model.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer.apply(gradients, variables)
    return loss


for inputs, truth in dataset:
    print(step(inputs, truth).numpy())
