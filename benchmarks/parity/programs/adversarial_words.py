"""Adversarial training: the gradients at the weights, and those beside them, where the table of words is moved a little."""

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(5)
words = layers.Embedding(30, 6)
model = tf.keras.Sequential([layers.Input((8,), dtype="int32"), words, layers.GlobalAveragePooling1D(), layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam(1e-2)
bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)


def gradients_at(tokens, labels):
    with tf.GradientTape() as tape:
        loss = bce(labels, model(tokens, training=True))
    return loss, [tf.convert_to_tensor(each) for each in tape.gradient(loss, model.trainable_variables)]


def step(tokens, labels, reach=0.5):
    loss, here = gradients_at(tokens, labels)
    aside = reach * here[0] / (tf.norm(here[0]) + 1e-8)
    words.embeddings.assign_add(aside)
    _, there = gradients_at(tokens, labels)
    words.embeddings.assign_sub(aside)
    optimizer.apply_gradients(zip([a + b for a, b in zip(here, there)], model.trainable_variables))
    return float(loss)


for _ in range(4):
    tokens = np.random.randint(0, 30, (19, 8))
    print(step(tokens, (tokens[:, :1] > 15).astype("float32")))
