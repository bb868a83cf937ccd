"""What happens in fit is one's own: a Model with another train_step."""

import keras
import numpy as np
import tensorflow as tf


class CustomModel(keras.Model):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        trainable_vars = self.trainable_variables
        gradients = tape.gradient(loss, trainable_vars)
        self.optimizer.apply_gradients(zip(gradients, trainable_vars))
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


keras.utils.set_random_seed(17)
inputs = keras.Input(shape=(12,))
x = keras.layers.Dense(16, activation="relu", kernel_regularizer=keras.regularizers.L2(0.02))(inputs)
x = keras.layers.BatchNormalization()(x)
x = keras.layers.Dropout(0.3)(x)
outputs = keras.layers.Dense(1)(x)
model = CustomModel(inputs, outputs)
model.compile(optimizer=keras.optimizers.SGD(0.01), loss="mse", metrics=["mae"])

x_train = np.random.random((160, 12)).astype("float32")
y_train = x_train.sum(axis=1, keepdims=True)
model.fit(x_train, y_train, batch_size=32, epochs=2, verbose=2)
