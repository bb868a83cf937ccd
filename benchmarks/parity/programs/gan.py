"""Two players: a generator of points on a ring, and a discriminator that tells them from real ones."""

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

NOISE = 4
BATCH = 30

tf.keras.utils.set_random_seed(6)
angles = np.random.uniform(0, 2 * np.pi, 180)
points = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype("float32")
dataset = tf.data.Dataset.from_tensor_slices(points).shuffle(180).batch(BATCH)

generator = tf.keras.Sequential(
    [layers.Input((NOISE,)), layers.Dense(12), layers.BatchNormalization(), layers.LeakyReLU(), layers.Dense(2)]
)
discriminator = tf.keras.Sequential(
    [layers.Input((2,)), layers.Dense(12), layers.LeakyReLU(), layers.Dropout(0.3), layers.Dense(1)]
)

cross_entropy = tf.keras.losses.BinaryCrossentropy(from_logits=True)


def discriminator_loss(real_output, fake_output):
    real_loss = cross_entropy(tf.ones_like(real_output), real_output)
    fake_loss = cross_entropy(tf.zeros_like(fake_output), fake_output)
    return real_loss + fake_loss


def generator_loss(fake_output):
    return cross_entropy(tf.ones_like(fake_output), fake_output)


generator_optimizer = tf.keras.optimizers.Adam(1e-3)
discriminator_optimizer = tf.keras.optimizers.Adam(1e-3)


@tf.function
def train_step(real):
    noise = tf.random.normal([BATCH, NOISE])
    with tf.GradientTape() as gen_tape, tf.GradientTape() as disc_tape:
        generated = generator(noise, training=True)
        real_output = discriminator(real, training=True)
        fake_output = discriminator(generated, training=True)
        gen_loss = generator_loss(fake_output)
        disc_loss = discriminator_loss(real_output, fake_output)
    gradients_of_generator = gen_tape.gradient(gen_loss, generator.trainable_variables)
    gradients_of_discriminator = disc_tape.gradient(disc_loss, discriminator.trainable_variables)
    generator_optimizer.apply_gradients(zip(gradients_of_generator, generator.trainable_variables))
    discriminator_optimizer.apply_gradients(zip(gradients_of_discriminator, discriminator.trainable_variables))
    return gen_loss, disc_loss


for real in dataset:
    gen_loss, disc_loss = train_step(real)
    print(f"generator {gen_loss:.3f}, discriminator {disc_loss:.3f}")
