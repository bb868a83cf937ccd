"""Large batches on a small machine: the gradients of four parts are averaged before each update."""

import numpy as np
import tensorflow as tf

PARTS = 4
PART_SIZE = 12

tf.keras.utils.set_random_seed(13)
x = np.random.normal(size=(PARTS * PART_SIZE * 5, 6)).astype("float32")
y = np.sin(x[:, :1]) + x[:, 1:2] * x[:, 2:3]

model = tf.keras.Sequential(
    [
        tf.keras.Input((6,)),
        tf.keras.layers.Dense(18, activation="relu"),
        tf.keras.layers.Dense(10, activation="relu"),
        tf.keras.layers.Dense(1),
    ]
)
optimizer = tf.keras.optimizers.Adam(0.003)
loss_fn = tf.keras.losses.MeanAbsoluteError()
accumulators = [tf.Variable(tf.zeros(v.shape), trainable=False) for v in model.trainable_variables]


@tf.function
def accumulate(features, targets):
    with tf.GradientTape() as tape:
        loss = loss_fn(targets, model(features, training=True)) / PARTS
    gradients = tape.gradient(loss, model.trainable_variables)
    for accumulator, gradient in zip(accumulators, gradients):
        accumulator.assign_add(gradient)
    return loss


@tf.function
def update():
    optimizer.apply_gradients(zip([a.value() for a in accumulators], model.trainable_variables))
    for accumulator in accumulators:
        accumulator.assign(tf.zeros_like(accumulator))


total = 0.0
for number, (features, targets) in enumerate(tf.data.Dataset.from_tensor_slices((x, y)).batch(PART_SIZE), start=1):
    total += accumulate(features, targets)
    if number % PARTS == 0:
        update()
        print(f"update {number // PARTS}: {total:.4f}")
        total = 0.0
