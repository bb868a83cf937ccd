"""A denoising autoencoder as a subclass of Model, with the loop in a function."""

import numpy as np
import tensorflow as tf
from tensorflow.keras.layers import BatchNormalization, Dense, Dropout, GaussianNoise


class Autoencoder(tf.keras.Model):
    def __init__(self, size, code):
        super().__init__()
        self.noise = GaussianNoise(0.1)
        self.encoder = tf.keras.Sequential([Dense(12, "relu"), BatchNormalization(), Dense(code, "relu")])
        self.dropout = Dropout(0.1)
        self.decoder = tf.keras.Sequential([Dense(12, "relu"), Dense(size, "sigmoid")])

    def call(self, inputs, training=False):
        x = self.noise(inputs, training=training)
        code = self.encoder(x, training=training)
        return self.decoder(self.dropout(code, training=training), training=training)


def train(model, rows, epochs=2, batch_size=30, learning_rate=0.01):
    optimizer = tf.keras.optimizers.Adam(learning_rate)
    mse = tf.keras.losses.MeanSquaredError()
    for epoch in range(epochs):
        order = np.random.permutation(len(rows))
        total = 0.0
        for start in range(0, len(rows), batch_size):
            batch = tf.constant(rows[order[start : start + batch_size]])
            with tf.GradientTape() as tape:
                restored = model(batch, training=True)
                loss = mse(batch, restored)
            weights = model.trainable_variables
            gradient = tape.gradient(loss, weights)
            optimizer.apply_gradients(zip(gradient, weights))
            total += float(loss)
        print(f"epoch {epoch}: {total:.4f}")


if __name__ == "__main__":
    tf.keras.utils.set_random_seed(0)
    latent = np.random.uniform(size=(120, 3))
    data = (latent @ np.random.uniform(size=(3, 10)) / 3).astype("float32")
    autoencoder = Autoencoder(10, 3)
    autoencoder(data[:1])  # makes the weights
    train(autoencoder, data)
