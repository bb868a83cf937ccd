"""The optimizer keeps moving averages of the weights, and a copy by hand is kept as well."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

keras.utils.set_random_seed(21)
model = keras.Sequential(
    [keras.Input((16, 3)), layers.Conv1D(8, 3, activation="elu"), layers.GlobalMaxPooling1D(), layers.Dropout(0.1), layers.Dense(1)]
)
shadow = keras.models.clone_model(model)
shadow.set_weights(model.get_weights())
optimizer = keras.optimizers.SGD(0.01, momentum=0.8, use_ema=True, ema_momentum=0.95)
loss_fn = keras.losses.LogCosh()
x = np.random.normal(size=(100, 16, 3)).astype("float32")
y = x.max(axis=1)[:, :1]


def train(batch, target):
    with tf.GradientTape() as tape:
        predicted = model(batch, training=True)
        loss = loss_fn(target, predicted)
    variables = model.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    for mean, weight in zip(shadow.weights, model.weights):
        mean.assign(0.9 * mean + 0.1 * weight)
    return float(loss)


for start in range(0, 100, 20):
    print(train(x[start : start + 20], y[start : start + 20]))
optimizer.finalize_variable_values(model.trainable_variables)
print(float(loss_fn(y, shadow(x))), float(loss_fn(y, model(x))))
