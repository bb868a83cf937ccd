"""Distillation: a student learns from labels and from what its teacher thinks."""

import keras
import numpy as np
import tensorflow as tf

TEMPERATURE = 3.0


class Distiller(keras.Model):
    def __init__(self, student, teacher):
        super().__init__()
        self.teacher = teacher
        self.student = student

    def compile(self, optimizer, student_loss, distillation_loss, alpha=0.3):
        super().compile(optimizer=optimizer)
        self.student_loss = student_loss
        self.distillation_loss = distillation_loss
        self.alpha = alpha

    def train_step(self, data):
        x, y = data
        soft = tf.nn.softmax(self.teacher(x, training=False) / TEMPERATURE)
        with tf.GradientTape() as tape:
            logits = self.student(x, training=True)
            hard_loss = self.student_loss(y, logits)
            soft_loss = self.distillation_loss(soft, tf.nn.softmax(logits / TEMPERATURE)) * TEMPERATURE**2
            loss = self.alpha * hard_loss + (1 - self.alpha) * soft_loss
        variables = self.student.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return {"hard": hard_loss, "soft": soft_loss}


def classifier(*widths):
    hidden = [keras.layers.Dense(width, activation="relu") for width in widths]
    return keras.Sequential([keras.Input((8,)), *hidden, keras.layers.Dropout(0.2), keras.layers.Dense(4)])


keras.utils.set_random_seed(33)
x = np.random.normal(size=(115, 8)).astype("float32")
y = x[:, :4].argmax(axis=1)
distiller = Distiller(student=classifier(10), teacher=classifier(24, 24))
distiller.compile(
    keras.optimizers.Adam(1e-3),
    student_loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    distillation_loss=keras.losses.KLDivergence(),
)
distiller.fit(x, y, batch_size=23, epochs=1, verbose=2)
