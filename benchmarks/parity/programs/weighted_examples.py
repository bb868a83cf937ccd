"""Rare classes count more: each example has a weight, and the loss gets it."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

CLASS_WEIGHTS = np.array([0.5, 1.0, 3.0], dtype="float32")


def data(seed=0, n=135):
    generator = np.random.default_rng(seed)
    labels = generator.choice(3, size=n, p=[0.6, 0.3, 0.1])
    features = generator.normal(size=(n, 9)) + labels[:, None] * 0.4
    return features.astype("float32"), labels


def network():
    model = keras.Sequential(name="classifier")
    model.add(keras.Input((9,)))
    model.add(keras.layers.Dense(16, activation="elu"))
    model.add(keras.layers.Dropout(0.2))
    model.add(keras.layers.Dense(3, activation="softmax"))
    return model


def fit_by_hand(model, dataset, *, optimizer, loss_fn):
    for features, labels, weights in dataset:
        with tf.GradientTape() as tape:
            probabilities = model(features, training=True)
            loss = loss_fn(labels, probabilities, sample_weight=weights)
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        yield float(loss)


keras.utils.set_random_seed(10)
features, labels = data()
dataset = tf.data.Dataset.from_tensor_slices((features, labels, CLASS_WEIGHTS[labels])).shuffle(135).batch(27)
losses = fit_by_hand(
    network(),
    dataset,
    optimizer=keras.optimizers.AdamW(0.002, weight_decay=0.02),
    loss_fn=keras.losses.SparseCategoricalCrossentropy(),
)
print([round(loss, 4) for loss in losses])
