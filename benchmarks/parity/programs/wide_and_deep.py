"""Wide and deep: one loss, and an optimizer for each half of the model."""

import numpy as np
import tensorflow as tf


class WideAndDeep(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.wide = tf.keras.layers.Dense(1, name="wide")
        self.deep = tf.keras.Sequential(
            [tf.keras.layers.Dense(12, "relu"), tf.keras.layers.BatchNormalization(), tf.keras.layers.Dense(1)],
            name="deep",
        )

    def call(self, inputs, training=None):
        crossed, dense = inputs
        return self.wide(crossed) + self.deep(dense, training=training)


tf.keras.utils.set_random_seed(27)
crossed = np.random.randint(0, 2, (125, 10)).astype("float32")
dense = np.random.normal(size=(125, 4)).astype("float32")
clicked = (crossed[:, :1] + dense[:, :1] > 0.7).astype("float32")

model = WideAndDeep()
model((crossed[:2], dense[:2]))
wide_optimizer = tf.keras.optimizers.SGD(0.05)
deep_optimizer = tf.keras.optimizers.RMSprop(0.001)
bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)


def train_batch(crossed, dense, clicked):
    with tf.GradientTape() as tape:
        logits = model((crossed, dense), training=True)
        loss = bce(clicked, logits)
    wide_variables = model.wide.trainable_variables
    deep_variables = model.deep.trainable_variables
    wide_gradients, deep_gradients = tape.gradient(loss, (wide_variables, deep_variables))
    wide_optimizer.apply_gradients(zip(wide_gradients, wide_variables))
    deep_optimizer.apply_gradients(zip(deep_gradients, deep_variables))
    return loss


for batch in tf.data.Dataset.from_tensor_slices((crossed, dense, clicked)).shuffle(125).batch(25):
    print(train_batch(*batch).numpy())
