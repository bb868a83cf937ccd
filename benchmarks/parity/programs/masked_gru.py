# Sentences of different length: padding is masked, two GRUs read from both ends.
import numpy as np
import tensorflow as tf
from tensorflow.keras.layers import GRU, Bidirectional, Dense, Embedding, Input
from tensorflow.keras.models import Sequential

tf.keras.utils.set_random_seed(16)


def sentences(n):
    rows = np.zeros((n, 8), dtype="int32")
    for row in rows:
        length = np.random.randint(2, 9)
        row[:length] = np.random.randint(1, 25, length)
    return rows


model = Sequential()
model.add(Input(shape=(8,), dtype="int32"))
model.add(Embedding(25, 6, mask_zero=True))
model.add(Bidirectional(GRU(5)))
model.add(Dense(3))

loss_fn = tf.keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
optimizer = tf.keras.optimizers.RMSprop(learning_rate=0.003, clipnorm=1.0)

X = sentences(105)
Y = tf.keras.utils.to_categorical((X > 12).sum(axis=1) % 3, 3)

batch_size = 21
steps = int(np.ceil(len(X) / batch_size))
for i in range(steps):
    bx = X[i * batch_size : (i + 1) * batch_size]
    by = Y[i * batch_size : (i + 1) * batch_size]
    with tf.GradientTape() as tape:
        y_hat = model(bx, training=True)
        batch_loss = loss_fn(by, y_hat)
    grads = tape.gradient(batch_loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    print("batch %d/%d loss %.4f" % (i + 1, steps, batch_loss))
