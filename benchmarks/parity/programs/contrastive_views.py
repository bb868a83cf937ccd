"""Contrastive pre-training: two noisy views of each example find each other among all."""

import numpy as np
import tensorflow as tf

TEMPERATURE = 0.2


def view(rows):
    return rows + tf.random.normal(tf.shape(rows), stddev=0.2)


def make_encoder():
    return tf.keras.Sequential(
        [
            tf.keras.Input((12,)),
            tf.keras.layers.Dense(16, activation="relu"),
            tf.keras.layers.BatchNormalization(),
            tf.keras.layers.Dense(8),
        ]
    )


class Pretraining:
    def __init__(self, encoder, optimizer):
        self.encoder = encoder
        self.projector = tf.keras.Sequential([tf.keras.Input((8,)), tf.keras.layers.Dense(6)])
        self.optimizer = optimizer

    def loss(self, first, second):
        similarities = tf.matmul(tf.math.l2_normalize(first, 1), tf.math.l2_normalize(second, 1), transpose_b=True)
        logits = similarities / TEMPERATURE
        labels = tf.range(tf.shape(logits)[0])
        there = tf.keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
        back = tf.keras.losses.sparse_categorical_crossentropy(labels, tf.transpose(logits), from_logits=True)
        return tf.reduce_mean(there + back) / 2

    @tf.function
    def step(self, rows):
        with tf.GradientTape() as tape:
            first = self.projector(self.encoder(view(rows), training=True), training=True)
            second = self.projector(self.encoder(view(rows), training=True), training=True)
            loss = self.loss(first, second)
        weights = self.encoder.trainable_weights + self.projector.trainable_weights
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        return loss


tf.keras.utils.set_random_seed(61)
pretraining = Pretraining(make_encoder(), tf.keras.optimizers.AdamW(1e-3))
rows = np.random.normal(size=(95, 12)).astype("float32")
for batch in tf.data.Dataset.from_tensor_slices(rows).shuffle(95).batch(19):
    print(pretraining.step(batch).numpy())
