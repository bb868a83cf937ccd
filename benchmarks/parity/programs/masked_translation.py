"""A translation model with teacher forcing, whose loss counts no padding."""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

PAD, VOCAB, LENGTH, UNITS = 0, 20, 6, 8


def make_pairs(n):
    source = np.random.randint(1, VOCAB, (n, LENGTH))
    for row, length in zip(source, np.random.randint(2, LENGTH + 1, n)):
        row[length:] = PAD
    target = np.where(source > 0, VOCAB - source, PAD)
    return source.astype("int32"), target.astype("int32")


def masked_loss(labels, logits):
    crossentropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
    loss = crossentropy(labels, logits)
    mask = tf.cast(labels != PAD, loss.dtype)
    return tf.reduce_sum(loss * mask) / tf.reduce_sum(mask)


class Translator(keras.Model):
    def __init__(self):
        super().__init__()
        self.source_embedding = layers.Embedding(VOCAB, UNITS)
        self.target_embedding = layers.Embedding(VOCAB, UNITS)
        self.encoder = layers.GRU(UNITS, return_sequences=True, return_state=True)
        self.decoder = layers.GRU(UNITS, return_sequences=True)
        self.attention = layers.Attention(dropout=0.2)
        self.out = layers.Dense(VOCAB)

    def call(self, inputs, training=None):
        source, target = inputs
        context, state = self.encoder(self.source_embedding(source))
        decoded = self.decoder(self.target_embedding(target), initial_state=state)
        return self.out(decoded + self.attention([decoded, context], training=training))


keras.utils.set_random_seed(41)
source, target = make_pairs(85)
start = np.pad(target[:, :-1], ((0, 0), (1, 0)), constant_values=VOCAB - 1)
model = Translator()
model((source[:1], start[:1]))
optimizer = keras.optimizers.Adam(0.005)

for s, t_in, t_out in tf.data.Dataset.from_tensor_slices((source, start, target)).shuffle(85).batch(17):
    with tf.GradientTape() as tape:
        logits = model((s, t_in), training=True)
        loss = masked_loss(t_out, logits)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    print(f"{loss:.3f}")
