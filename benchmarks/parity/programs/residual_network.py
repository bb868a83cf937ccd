"""A residual network on small pictures, trained with momentum and a schedule."""

import dataclasses

import numpy as np
import tensorflow as tf


@dataclasses.dataclass
class Config:
    filters: int = 6
    classes: int = 3
    batch: int = 14
    rate: float = 0.05
    decay: float = 1e-2
    steps: int = 5


def residual_block(x, filters, decay):
    regularizer = tf.keras.regularizers.L2(decay)
    shortcut = tf.keras.layers.Conv2D(filters, 1, kernel_regularizer=regularizer)(x)
    x = tf.keras.layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer)(x)
    x = tf.keras.layers.BatchNormalization()(x)
    x = tf.keras.layers.Activation("relu")(x)
    x = tf.keras.layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer)(x)
    x = tf.keras.layers.BatchNormalization()(x)
    return tf.keras.layers.Activation("relu")(tf.keras.layers.Add()([x, shortcut]))


def build(config):
    inputs = tf.keras.Input((8, 8, 3))
    x = residual_block(inputs, config.filters, config.decay)
    x = tf.keras.layers.GlobalAveragePooling2D()(x)
    return tf.keras.Model(inputs, tf.keras.layers.Dense(config.classes)(x))


class Experiment:
    def __init__(self, config):
        self.config = config
        self.net = build(config)
        schedule = tf.keras.optimizers.schedules.CosineDecay(config.rate, 1000)
        self.optimizer = tf.keras.optimizers.SGD(schedule, momentum=0.9)
        self.criterion = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.mean_loss = tf.keras.metrics.Mean()

    @tf.function
    def step(self, images, labels):
        with tf.GradientTape() as tape:
            logits = self.net(images, training=True)
            data_loss = self.criterion(labels, logits)
            total_loss = data_loss + tf.add_n(self.net.losses)
        variables = self.net.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(total_loss, variables), variables))
        self.mean_loss.update_state(data_loss)

    def run(self, dataset):
        for images, labels in dataset.take(self.config.steps):
            self.step(images, labels)
            print(f"{self.mean_loss.result():.4f}")


if __name__ == "__main__":
    tf.keras.utils.set_random_seed(1)
    config = Config()
    labels = np.random.randint(0, config.classes, 70)
    images = np.random.normal(size=(70, 8, 8, 3)).astype("float32") + labels[:, None, None, None]
    Experiment(config).run(tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(70).batch(config.batch))
