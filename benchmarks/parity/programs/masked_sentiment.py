"""Sentences of different lengths: a model of its own classes hands a mask on, and padded words do not count."""

import numpy as np
import tensorflow as tf


class Pooling(tf.keras.layers.Layer):
    def call(self, vectors, mask):
        kept = tf.cast(mask, vectors.dtype)[:, :, None]
        return tf.reduce_sum(vectors * kept, axis=1) / (tf.reduce_sum(kept, axis=1) + 1e-6)


class Sentiment(tf.keras.Model):
    def __init__(self, words):
        super().__init__()
        self.embed = tf.keras.layers.Embedding(words, 10)
        self.dropout = tf.keras.layers.Dropout(0.2)
        self.pool = Pooling()
        self.hidden = tf.keras.layers.Dense(12, activation="gelu")
        self.norm = tf.keras.layers.LayerNormalization()
        self.out = tf.keras.layers.Dense(1)

    def call(self, tokens, training=False):
        mask = tf.not_equal(tokens, 0)
        vectors = self.dropout(self.embed(tokens), training=training)
        return self.out(self.norm(self.hidden(self.pool(vectors, mask))))


rng = np.random.default_rng(7)
tokens = rng.integers(1, 60, size=(126, 9))
for row, length in zip(tokens, rng.integers(3, 10, size=126)):
    row[length:] = 0
labels = (tokens[:, :3].sum(axis=1) > 90).astype("float32")

model = Sentiment(60)
loss_fn = tf.keras.losses.BinaryCrossentropy(from_logits=True)
optimizer = tf.keras.optimizers.Adam(1e-3, amsgrad=True)
accuracy = tf.keras.metrics.BinaryAccuracy(threshold=0.0)


@tf.function
def train_step(words, truth):
    with tf.GradientTape() as tape:
        logits = model(words, training=True)
        loss = loss_fn(truth[:, None], logits)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    accuracy.update_state(truth[:, None], logits)
    return loss


data = tf.data.Dataset.from_tensor_slices((tokens, labels)).shuffle(126, seed=1).batch(21)
for epoch in range(2):
    accuracy.reset_state()
    for words, truth in data:
        loss = train_step(words, truth)
    print(epoch, float(loss), float(accuracy.result()))
