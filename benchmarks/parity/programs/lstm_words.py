"""Is a review good or bad? An LSTM behind an embedding, trained by a class."""

import numpy as np
import tensorflow as tf

VOCABULARY = 50


class Trainer:
    def __init__(self, model, optimizer, loss_fn):
        self.model = model
        self.optimizer = optimizer
        self.loss_fn = loss_fn
        self.history = []

    def train_step(self, words, labels):
        with tf.GradientTape() as tape:
            scores = self.model(words, training=True)
            loss = self.loss_fn(labels, scores)
        variables = self.model.trainable_variables
        grads = tape.gradient(loss, variables)
        self.optimizer.apply_gradients(zip(grads, variables))
        return loss

    def train(self, dataset, epochs):
        for _ in range(epochs):
            losses = [self.train_step(words, labels) for words, labels in dataset]
            self.history.append(float(tf.reduce_mean(losses)))


def reviews(count=96, length=9):
    words = np.random.randint(2, VOCABULARY, (count, length))
    labels = (words < VOCABULARY // 2).mean(axis=1) > 0.5
    return words, labels.astype("float32")[:, None]


tf.keras.utils.set_random_seed(3)
model = tf.keras.Sequential(
    [
        tf.keras.Input((9,), dtype="int32"),
        tf.keras.layers.Embedding(VOCABULARY, 6),
        tf.keras.layers.LSTM(7, dropout=0.2),
        tf.keras.layers.Dense(1, activation="sigmoid"),
    ]
)
trainer = Trainer(model, tf.keras.optimizers.RMSprop(0.002), tf.keras.losses.BinaryCrossentropy())
words, labels = reviews()
data = tf.data.Dataset.from_tensor_slices((words, labels)).shuffle(len(words)).batch(16)
trainer.train(data, epochs=2)
print(trainer.history)
