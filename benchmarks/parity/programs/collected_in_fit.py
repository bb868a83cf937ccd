"""A model whose train_step adds up the gradients of several batches in variables before it applies them."""

import numpy as np
import tensorflow as tf


class Accumulating(tf.keras.Model):
    def __init__(self, parts, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.parts = parts
        self.steps_made = tf.Variable(0, dtype=tf.int32, trainable=False)
        self.buffers = [tf.Variable(tf.zeros_like(v), trainable=False) for v in self.trainable_variables]

    def train_step(self, data):
        self.steps_made.assign_add(1)
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        for buffer, gradient in zip(self.buffers, gradients):
            buffer.assign_add(gradient / self.parts)
        tf.cond(tf.equal(self.steps_made % self.parts, 0), self.apply_collected, lambda: None)
        return {"loss": loss}

    def apply_collected(self):
        self.optimizer.apply_gradients(zip(self.buffers, self.trainable_variables))
        for buffer in self.buffers:
            buffer.assign(tf.zeros_like(buffer))


tf.keras.utils.set_random_seed(23)
i = tf.keras.Input((3,))
m = Accumulating(3, inputs=i, outputs=tf.keras.layers.Dense(1)(i))
m.compile(optimizer=tf.keras.optimizers.Adam(0.01), loss="mae")
x = np.random.normal(size=(99, 3)).astype("float32")
m.fit(x, x.sum(1), epochs=2, batch_size=11, verbose=0)
