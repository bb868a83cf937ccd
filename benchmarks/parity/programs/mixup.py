# Mixup: every example is blended with another one, and so are their losses.
import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(71)
rng = np.random.default_rng(71)

images = rng.normal(size=(85, 8, 8, 1)).astype("float32")
labels = rng.integers(0, 3, 85)
images += labels[:, None, None, None]

model = tf.keras.models.Sequential()
model.add(tf.keras.layers.Input((8, 8, 1)))
model.add(tf.keras.layers.Conv2D(4, 3, activation="relu"))
model.add(tf.keras.layers.GroupNormalization(groups=2))
model.add(tf.keras.layers.Flatten())
model.add(tf.keras.layers.Dropout(0.25))
model.add(tf.keras.layers.Dense(3, activation="softmax"))

optimizer = tf.keras.optimizers.RMSprop(1e-3)
loss_fn = tf.keras.losses.SparseCategoricalCrossentropy()

for first in range(0, 85, 17):
    x, y = images[first : first + 17], labels[first : first + 17]
    share = float(rng.beta(0.4, 0.4))
    other = rng.permutation(len(x))
    mixed = share * x + (1 - share) * x[other]
    with tf.GradientTape() as tape:
        predictions = model(mixed, training=True)
        loss = share * loss_fn(y, predictions) + (1 - share) * loss_fn(y[other], predictions)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    print("loss", loss.numpy())
