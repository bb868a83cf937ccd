"""A Wasserstein GAN with gradient penalty: the critic takes two steps for one of the generator."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers


class WGAN(keras.Model):
    def __init__(self, critic, generator, noise, critic_steps=2, penalty=10.0):
        super().__init__()
        self.critic = critic
        self.generator = generator
        self.noise = noise
        self.critic_steps = critic_steps
        self.penalty = penalty

    def compile(self, critic_optimizer, generator_optimizer):
        super().compile()
        self.critic_optimizer = critic_optimizer
        self.generator_optimizer = generator_optimizer

    def gradient_penalty(self, real, fake):
        alpha = tf.random.uniform([tf.shape(real)[0], 1])
        between = real + alpha * (fake - real)
        with tf.GradientTape() as tape:
            tape.watch(between)
            score = self.critic(between, training=True)
        slope = tf.norm(tape.gradient(score, between) + 1e-9, axis=1)
        return tf.reduce_mean((slope - 1.0) ** 2)

    def train_step(self, real):
        batch = tf.shape(real)[0]
        for _ in range(self.critic_steps):
            noise = tf.random.normal([batch, self.noise])
            with tf.GradientTape() as tape:
                fake = self.generator(noise, training=True)
                distance = tf.reduce_mean(self.critic(real, training=True)) - tf.reduce_mean(
                    self.critic(fake, training=True)
                )
                critic_loss = -distance + self.penalty * self.gradient_penalty(real, fake)
            gradients = tape.gradient(critic_loss, self.critic.trainable_variables)
            self.critic_optimizer.apply_gradients(zip(gradients, self.critic.trainable_variables))
        noise = tf.random.normal([batch, self.noise])
        with tf.GradientTape() as tape:
            generator_loss = -tf.reduce_mean(self.critic(self.generator(noise, training=True), training=True))
        gradients = tape.gradient(generator_loss, self.generator.trainable_variables)
        self.generator_optimizer.apply_gradients(zip(gradients, self.generator.trainable_variables))
        return {"critic": critic_loss, "generator": generator_loss}


keras.utils.set_random_seed(44)
critic = keras.Sequential([keras.Input((2,)), layers.Dense(16), layers.LeakyReLU(), layers.Dense(1)])
generator = keras.Sequential([keras.Input((3,)), layers.Dense(16, activation="relu"), layers.Dense(2)])
points = np.random.normal(size=(100, 2)).astype("float32") * [1.0, 0.2] + [2.0, -1.0]
gan = WGAN(critic, generator, noise=3)
gan.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), keras.optimizers.Adam(1e-3, beta_1=0.5))
gan.fit(points.astype("float32"), batch_size=20, epochs=1, verbose=2)
