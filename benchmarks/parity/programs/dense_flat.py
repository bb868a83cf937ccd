# Predict the sum of eight sensors. Written top to bottom, as in a first tutorial.
import numpy as np
import tensorflow as tf

BATCH = 24

tf.keras.utils.set_random_seed(1)
x_train = np.random.normal(size=(144, 8)).astype("float32")
y_train = x_train.sum(axis=1, keepdims=True) + 0.1 * np.random.normal(size=(144, 1)).astype("float32")

model = tf.keras.Sequential(
    [
        tf.keras.Input((8,)),
        tf.keras.layers.Dense(16, activation="relu"),
        tf.keras.layers.Dense(8, activation="tanh"),
        tf.keras.layers.Dense(1),
    ]
)
optimizer = tf.keras.optimizers.SGD(0.05)
loss_fn = tf.keras.losses.MeanSquaredError()

dataset = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(144).batch(BATCH)

for epoch in range(2):
    for x, y in dataset:
        with tf.GradientTape() as tape:
            predictions = model(x, training=True)
            loss = loss_fn(y, predictions)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    print("epoch", epoch, "loss", float(loss))
