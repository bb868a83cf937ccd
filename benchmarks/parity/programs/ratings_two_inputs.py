"""Ratings of films: embeddings of user and film, and some numbers about the film, under one roof."""

import numpy as np
import tensorflow as tf

USERS, FILMS = 20, 15

tf.keras.utils.set_random_seed(5)

user = tf.keras.Input((), dtype="int32", name="user")
film = tf.keras.Input((), dtype="int32", name="film")
facts = tf.keras.Input((4,), name="facts")
embedded = [
    tf.keras.layers.Embedding(USERS, 4, embeddings_regularizer=tf.keras.regularizers.L2(0.02))(user),
    tf.keras.layers.Embedding(FILMS, 4, embeddings_regularizer=tf.keras.regularizers.L2(0.02))(film),
]
x = tf.keras.layers.Concatenate()([*embedded, tf.keras.layers.Dense(4, activation="relu")(facts)])
x = tf.keras.layers.Dropout(0.2)(tf.keras.layers.Dense(12, activation="relu")(x))
rating = tf.keras.layers.Dense(1)(x)
model = tf.keras.Model({"user": user, "film": film, "facts": facts}, rating)

optimizer = tf.keras.optimizers.RMSprop(learning_rate=0.005)
huber = tf.keras.losses.Huber()


def batches():
    rng = np.random.default_rng(2)
    for _ in range(6):
        features = {
            "user": rng.integers(0, USERS, 32).astype("int32"),
            "film": rng.integers(0, FILMS, 32).astype("int32"),
            "facts": rng.normal(size=(32, 4)).astype("float32"),
        }
        stars = 3 + features["facts"][:, :1] + 0.1 * features["user"][:, None]
        yield features, stars.astype("float32")


@tf.function
def train_step(features, stars):
    with tf.GradientTape() as tape:
        predicted = model(features, training=True)
        loss = huber(stars, predicted) + tf.add_n(model.losses)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for step, (features, stars) in enumerate(batches()):
    loss = train_step(features, stars)
    print(step, loss.numpy())
