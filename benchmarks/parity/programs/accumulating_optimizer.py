"""An optimizer that collects gradients of two batches by itself, and averages the weights."""

import keras
import numpy as np
import tensorflow as tf


@keras.saving.register_keras_serializable()
class Gated(keras.layers.Layer):
    """Half of the features open and close the other half."""

    def call(self, inputs):
        values, gates = tf.split(inputs, 2, axis=-1)
        return values * tf.sigmoid(gates)


def network(features):
    return keras.Sequential(
        [keras.Input((features,)), keras.layers.Dense(24), Gated(), keras.layers.UnitNormalization(), keras.layers.Dense(1)]
    )


def run():
    keras.utils.set_random_seed(81)
    net = network(5)
    adam = keras.optimizers.Adam(
        keras.optimizers.schedules.PiecewiseConstantDecay([50, 100], [3e-3, 1e-3, 3e-4]),
        gradient_accumulation_steps=2,
        use_ema=True,
    )
    mae = keras.losses.MeanAbsoluteError()
    x = np.random.normal(size=(180, 5)).astype("float32")
    y = np.prod(x[:, :2], axis=1, keepdims=True)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = mae(y, net(x, training=True))
        adam.apply(tape.gradient(loss, net.trainable_variables), net.trainable_variables)
        return loss

    for x_batch, y_batch in tf.data.Dataset.from_tensor_slices((x, y)).shuffle(180).batch(18):
        print(step(x_batch, y_batch).numpy())
    adam.finalize_variable_values(net.trainable_variables)


if __name__ == "__main__":
    run()
