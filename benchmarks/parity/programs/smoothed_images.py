"""Small images, labels that are smoothed, and gradients that the optimizer clips itself."""

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(4)
images = np.random.uniform(size=(96, 10, 10, 3)).astype("float32")
digits = (images[:, :, :, 0].mean(axis=(1, 2)) * 40).astype(int) % 5

net = tf.keras.Sequential(
    [
        layers.Input((10, 10, 3)),
        layers.SeparableConv2D(8, 3, padding="same"),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        layers.MaxPooling2D(),
        layers.SpatialDropout2D(0.2),
        layers.Conv2D(12, 3, activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(5),
    ]
)
cce = tf.keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
adamw = tf.keras.optimizers.AdamW(learning_rate=1e-3, weight_decay=1e-4, global_clipnorm=0.05)


def prepare(image, digit):
    return tf.image.random_flip_left_right(image), tf.one_hot(digit, 5)


pipeline = tf.data.Dataset.from_tensor_slices((images, digits)).shuffle(96).map(prepare).batch(16)


@tf.function(jit_compile=True)
def one_step(batch, truth):
    with tf.GradientTape() as tape:
        prediction = net(batch, training=True)
        objective = cce(truth, prediction)
    slopes = tape.gradient(objective, net.trainable_variables)
    adamw.apply_gradients(zip(slopes, net.trainable_variables))
    return objective


for batch, truth in pipeline:
    print(one_step(batch, truth).numpy())
