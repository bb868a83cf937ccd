"""A train_step of its own whose optimizer collects gradients for two batches; layers add losses as they are called."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops


class Sparse(layers.Layer):
    def call(self, x):
        self.add_loss(1e-3 * ops.mean(ops.abs(x)))
        return x


class Patient(keras.Model):
    def train_step(self, data):
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            predicted = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=predicted, sample_weight=weight)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, predicted)
        return {metric.name: metric.result() for metric in self.metrics}


keras.utils.set_random_seed(14)
inputs = keras.Input((11,))
hidden = Sparse()(layers.Dense(13, activation="relu", kernel_regularizer="l2")(inputs))
model = Patient(inputs, layers.Dense(1)(layers.Dropout(0.2)(hidden)))
model.compile(optimizer=keras.optimizers.Adam(1e-3, gradient_accumulation_steps=2), loss="mse", metrics=["mae"])
x = np.random.normal(size=(112, 11)).astype("float32")
model.fit(x, x.sum(axis=1, keepdims=True), batch_size=14, epochs=1, verbose=0)
print(model.evaluate(x, x.sum(axis=1, keepdims=True), verbose=0))
