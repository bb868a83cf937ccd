"""A stateful LSTM reads a long series in windows; its state is reset when the series begins anew."""

import numpy as np
import tensorflow as tf

WINDOW, TRACKS = 6, 12
rng = np.random.default_rng(3)
series = np.cumsum(rng.normal(size=(TRACKS, 5 * WINDOW + 1, 2)), axis=1).astype("float32") * 0.1

model = tf.keras.Sequential(
    [
        tf.keras.Input(batch_shape=(TRACKS, WINDOW, 2)),
        tf.keras.layers.LSTM(10, stateful=True, return_sequences=True),
        tf.keras.layers.Dropout(0.15),
        tf.keras.layers.Dense(2),
    ]
)
optimizer = tf.keras.optimizers.RMSprop(2e-3)
mse = tf.keras.losses.MeanSquaredError()

for epoch in range(2):
    model.layers[0].reset_states()
    for start in range(0, 5 * WINDOW, WINDOW):
        window, following = series[:, start : start + WINDOW], series[:, start + 1 : start + WINDOW + 1]
        with tf.GradientTape() as tape:
            loss = mse(following, model(window, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    print(epoch, float(loss))
