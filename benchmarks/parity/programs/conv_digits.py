"""A small convolutional network on pictures of 12 x 12, with the step as a compiled function."""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

CLASSES = 5
BATCH_SIZE = 20


def load_data():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, 120)
    images = rng.normal(0.2, 0.1, (120, 12, 12, 1))
    for image, label in zip(images, labels):
        image[2 * label : 2 * label + 3] += 0.6
    return images.astype("float32"), labels.astype("int32")


def build_model():
    return keras.Sequential(
        [
            keras.Input((12, 12, 1)),
            layers.Conv2D(6, 3, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.Conv2D(8, 3, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(CLASSES),
        ]
    )


def main():
    keras.utils.set_random_seed(7)
    images, labels = load_data()
    train_ds = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(120).batch(BATCH_SIZE)

    model = build_model()
    optimizer = keras.optimizers.Adam(learning_rate=1e-3)
    loss_object = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    train_loss = keras.metrics.Mean(name="train_loss")
    train_accuracy = keras.metrics.SparseCategoricalAccuracy(name="train_accuracy")

    @tf.function
    def train_step(x, y):
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss = loss_object(y, logits)
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        train_loss(loss)
        train_accuracy(y, logits)

    for epoch in range(2):
        train_loss.reset_state()
        train_accuracy.reset_state()
        for x, y in train_ds:
            train_step(x, y)
        print(f"{epoch + 1}: {train_loss.result():.3f} {train_accuracy.result():.3f}")


if __name__ == "__main__":
    main()
