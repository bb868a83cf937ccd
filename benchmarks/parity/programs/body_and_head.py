"""Two optimizers: small steps for the body of the network and large ones for its head, of one tape."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

keras.utils.set_random_seed(2)
body = keras.Sequential([keras.Input((12,)), layers.Dense(16, "relu"), layers.UnitNormalization(), layers.Dense(10, "relu")])
head = keras.Sequential([keras.Input((10,)), layers.Dropout(0.25), layers.Dense(4)])
slow, fast = keras.optimizers.SGD(0.005), keras.optimizers.AdamW(0.002)
x = np.random.normal(size=(95, 12)).astype("float32")
y = x[:, :4].argmax(axis=1)


def learn(x, y):
    with tf.GradientTape() as tape:
        logits = head(body(x, training=True), training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    groups = (body.trainable_variables, head.trainable_variables)
    of_body, of_head = tape.gradient(loss, groups)
    slow.apply_gradients(zip(of_body, groups[0]))
    fast.apply_gradients(zip(of_head, groups[1]))
    return loss


for inputs, labels in tf.data.Dataset.from_tensor_slices((x, y)).batch(19):
    print(float(learn(inputs, labels)))
