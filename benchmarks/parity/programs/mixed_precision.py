"""Half precision with a scaled loss, as the guide on mixed precision does it."""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers, mixed_precision

mixed_precision.set_global_policy("mixed_float16")
keras.utils.set_random_seed(4)

inputs = keras.Input(shape=(20,), name="digits")
x = layers.Dense(24, activation="relu", name="dense_1")(inputs)
x = layers.Dense(24, activation="relu", name="dense_2")(x)
x = layers.Dense(6, name="dense_logits")(x)
outputs = layers.Activation("softmax", dtype="float32", name="predictions")(x)
model = keras.Model(inputs, outputs)

optimizer = mixed_precision.LossScaleOptimizer(keras.optimizers.RMSprop(0.002))
loss_object = keras.losses.SparseCategoricalCrossentropy()

x_train = np.random.uniform(size=(150, 20)).astype("float32")
y_train = x_train[:, :6].argmax(axis=1)
train_dataset = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(150).batch(25)


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        loss = loss_object(y, predictions)
        scaled_loss = optimizer.scale_loss(loss)
    gradients = tape.gradient(scaled_loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for step, (x, y) in enumerate(train_dataset):
    loss = train_step(x, y)
    print(f"step {step}: {loss:.4f}")
