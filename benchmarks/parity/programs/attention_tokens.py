"""Label each token of a sequence: one encoder block with self-attention."""

import keras as K
import numpy as np
import tensorflow as tf
from keras import layers as L

K.utils.set_random_seed(11)
LENGTH, WIDTH, TAGS, BATCH = 6, 8, 3, 18


def encoder():
    tokens = L.Input((LENGTH,), dtype="int32")
    x = L.Embedding(30, WIDTH)(tokens)
    attended = L.MultiHeadAttention(num_heads=2, key_dim=4, dropout=0.1)(x, x)
    x = L.LayerNormalization()(x + attended)
    hidden = L.Dense(16, activation="gelu")(x)
    x = L.LayerNormalization()(x + L.Dense(WIDTH)(hidden))
    return K.Model(tokens, L.Dense(TAGS, activation="softmax")(x))


net = encoder()
opt = K.optimizers.AdamW(1e-3, weight_decay=0.01)
criterion = K.losses.SparseCategoricalCrossentropy()

sentences = np.random.randint(0, 30, (108, LENGTH))
tags = sentences % TAGS


@tf.function
def update(x, y):
    with tf.GradientTape() as tape:
        p = net(x, training=True)
        loss = criterion(y, p)
    opt.apply_gradients(zip(tape.gradient(loss, net.trainable_weights), net.trainable_weights))
    return loss


for start in range(0, len(sentences), BATCH):
    loss = update(tf.constant(sentences[start : start + BATCH]), tf.constant(tags[start : start + BATCH]))
    tf.print("loss", loss)
