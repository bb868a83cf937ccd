"""Transfer learning: the backbone stays as it is, a new head is trained on top of it."""

import argparse

import numpy as np
import tensorflow as tf
from tensorflow import keras


def get_backbone():
    backbone = keras.Sequential(
        [
            keras.Input((16,)),
            keras.layers.Dense(20, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(10, activation="relu"),
        ],
        name="backbone",
    )
    backbone.trainable = False
    return backbone


def get_model(rate):
    backbone = get_backbone()
    inputs = keras.Input((16,))
    x = backbone(inputs, training=False)
    x = keras.layers.Dropout(rate)(x)
    x = keras.layers.Dense(8, activation="relu")(x)
    return keras.Model(inputs, keras.layers.Dense(4)(x))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--dropout", type=float, default=0.25)
    parser.add_argument("--epochs", type=int, default=1)
    args = parser.parse_args()

    keras.utils.set_random_seed(9)
    model = get_model(args.dropout)
    optimizer = keras.optimizers.Adam(args.lr)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    features = np.random.normal(size=(100, 16)).astype("float32")
    labels = features[:, :4].argmax(axis=1)
    ds = tf.data.Dataset.from_tensor_slices((features, labels)).shuffle(100).batch(20)

    for epoch in range(args.epochs):
        for step, (x, y) in enumerate(ds):
            with tf.GradientTape() as tape:
                logits = model(x, training=True)
                loss_value = loss_fn(y, logits)
            grads = tape.gradient(loss_value, model.trainable_weights)
            optimizer.apply(grads, model.trainable_weights)
            if step % 2 == 0:
                print(f"epoch {epoch} step {step} loss {float(loss_value):.4f}")


main()
