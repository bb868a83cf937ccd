"""Plain NumPy batches of uneven size, `train_on_batch`-like code in a class, Nadam's cousin with weight decay."""

import keras
import numpy as np
import tensorflow as tf


class Learner:
    def __init__(self, layers, rate):
        self.model = keras.Sequential(layers)
        self.optimizer = keras.optimizers.SGD(rate, momentum=0.9, weight_decay=1e-3)
        self.criterion = keras.losses.MeanAbsoluteError()
        self.history = []

    def __call__(self, batches):
        for batch in batches:
            self.history.append(self._learn(**batch))
        return self.history

    def _learn(self, features, truth):
        with tf.GradientTape() as tape:
            loss = self._loss(features, truth)
        variables = self.model.trainable_weights
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return float(loss)

    def _loss(self, features, truth):
        loss = self.criterion(truth, self.model(features, training=True))
        for penalty in self.model.losses:
            loss = loss + penalty
        return loss


def batches(rng):
    for size in (31, 17, 22, 9, 28):
        features = rng.normal(size=(size, 6)).astype("float32")
        yield {"features": features, "truth": np.abs(features).sum(axis=1, keepdims=True)}


keras.utils.set_random_seed(60)
layers = [keras.Input((6,)), keras.layers.Dense(10, "relu", bias_regularizer="l1"), keras.layers.Dropout(0.05), keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L1L2(1e-3, 1e-3))]
print(Learner(layers, 0.01)(batches(np.random.default_rng(5))))
