"""A mixture of normal distributions: the network says where they are, how wide and how likely."""

import numpy as np
import tensorflow as tf

PARTS = 3


class Mixture(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = [tf.keras.layers.Dense(16, activation="tanh") for _ in range(2)]
        self.centers = tf.keras.layers.Dense(PARTS)
        self.widths = tf.keras.layers.Dense(PARTS, activation="softplus")
        self.shares = tf.keras.layers.Dense(PARTS)

    def call(self, x):
        for layer in self.hidden:
            x = layer(x)
        return self.centers(x), self.widths(x) + 1e-2, self.shares(x)


def negative_log_likelihood(y, outputs):
    centers, widths, shares = outputs
    each = -0.5 * tf.square((y - centers) / widths) - tf.math.log(widths) - 0.5 * np.log(2 * np.pi)
    return -tf.reduce_logsumexp(tf.nn.log_softmax(shares) + each, axis=-1)


tf.keras.utils.set_random_seed(50)
x = np.random.uniform(-1, 1, (144, 1)).astype("float32")
y = (np.where(np.random.rand(144, 1) < 0.5, x, -x) + np.random.normal(scale=0.1, size=(144, 1))).astype("float32")
model = Mixture()
adam = tf.keras.optimizers.Adam(5e-3, clipnorm=1.0)
means = []


@tf.function(input_signature=[tf.TensorSpec((None, 1)), tf.TensorSpec((None, 1))])
def train(inputs, targets):
    with tf.GradientTape() as tape:
        nll = tf.reduce_mean(negative_log_likelihood(targets, model(inputs)))
    weights = model.trainable_weights
    gradients = tape.gradient(nll, weights)
    adam.apply_gradients((g, w) for g, w in zip(gradients, weights))
    return nll


model(x[:1])
for inputs, targets in tf.data.Dataset.from_tensor_slices((x, y)).batch(24):
    means.append(float(train(inputs, targets)))
print(means)
