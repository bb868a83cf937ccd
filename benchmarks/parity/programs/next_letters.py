"""Which letter comes next: attention that looks back only, and padding that does not count."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

LENGTH, LETTERS = 7, 11


class Reader(keras.Model):
    def __init__(self):
        super().__init__()
        self.letters = layers.Embedding(LETTERS, 12)
        self.places = layers.Embedding(LENGTH, 12)
        self.attention = layers.MultiHeadAttention(2, 6, dropout=0.1)
        self.first, self.second = layers.LayerNormalization(), layers.LayerNormalization()
        self.feed = keras.Sequential([layers.Dense(24, "relu"), layers.Dense(12)])
        self.out = layers.Dense(LETTERS)

    def call(self, text, training=None):
        x = self.letters(text) + self.places(tf.range(LENGTH))
        x = self.first(x + self.attention(x, x, use_causal_mask=True, training=training))
        return self.out(self.second(x + self.feed(x)))


keras.utils.set_random_seed(19)
texts = np.random.randint(1, LETTERS, size=(90, LENGTH + 1))
texts[:30, 5:] = 0
reader = Reader()
reader(texts[:2, :-1])
optimizer = keras.optimizers.AdamW(2e-3, weight_decay=0.01)
criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")


def train_on(text):
    given, following = text[:, :-1], text[:, 1:]
    counts = tf.cast(following != 0, tf.float32)
    with tf.GradientTape() as tape:
        each = criterion(following, reader(given, training=True)) * counts
        loss = tf.math.divide_no_nan(tf.reduce_sum(each), tf.reduce_sum(counts))
    grads = tape.gradient(loss, reader.trainable_weights)
    optimizer.apply_gradients(zip(grads, reader.trainable_weights))
    return loss


compiled = tf.function(train_on)
for text in tf.data.Dataset.from_tensor_slices(texts).shuffle(90).batch(15, drop_remainder=True):
    print(float(compiled(text)))
