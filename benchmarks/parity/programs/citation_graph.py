"""A graph of documents, of which only some have a label: every step looks at the whole graph."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers


class GraphConvolution(layers.Layer):
    def __init__(self, units, activation=None):
        super().__init__()
        self.dense = layers.Dense(units, activation=activation, use_bias=False, kernel_regularizer="l2")

    def call(self, inputs):
        nodes, links = inputs
        return self.dense(tf.matmul(links, nodes))


class Documents(keras.Model):
    def __init__(self, classes):
        super().__init__()
        self.first = GraphConvolution(12, "relu")
        self.dropout = layers.Dropout(0.4)
        self.second = GraphConvolution(classes)

    def call(self, inputs, training=False):
        nodes, links = inputs
        hidden = self.dropout(self.first((nodes, links)), training=training)
        return self.second((hidden, links))


keras.utils.set_random_seed(3)
nodes = np.random.normal(size=(40, 9)).astype("float32")
links = (np.random.rand(40, 40) < 0.1) | np.eye(40, dtype=bool)
links = (links / links.sum(axis=1, keepdims=True)).astype("float32")
labels = nodes[:, :3].argmax(axis=1)
known = np.random.permutation(40)[:18]

model, optimizer = Documents(3), keras.optimizers.Adam(0.01)
for epoch in range(5):
    with tf.GradientTape() as tape:
        logits = model((nodes, links), training=True)
        loss = keras.losses.sparse_categorical_crossentropy(labels[known], tf.gather(logits, known), from_logits=True)
        loss = tf.reduce_mean(loss) + tf.add_n(model.losses)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    print(epoch, float(loss))
