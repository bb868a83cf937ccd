"""Two replicas on two logical processors: each computes its part of the mean over the whole batch."""

import numpy as np
import tensorflow as tf

processor = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
GLOBAL = 8 * strategy.num_replicas_in_sync

with strategy.scope():
    model = tf.keras.Sequential([tf.keras.Input((5, 3)), tf.keras.layers.SimpleRNN(9), tf.keras.layers.Dense(2)])
    optimizer = tf.keras.optimizers.AdamW(1e-3)
    losses = tf.keras.losses.MeanAbsoluteError(reduction="none")

x = np.random.normal(size=(64, 5, 3)).astype("float32")
y = np.stack([x.sum(axis=(1, 2)), x.mean(axis=(1, 2))], axis=1)
dataset = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((x, y)).batch(GLOBAL))


def replica_step(inputs, targets):
    with tf.GradientTape() as tape:
        each = losses(targets, model(inputs, training=True))
        loss = tf.nn.compute_average_loss(each, global_batch_size=GLOBAL)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


@tf.function
def distributed_step(inputs, targets):
    return strategy.reduce(tf.distribute.ReduceOp.SUM, strategy.run(replica_step, args=(inputs, targets)), axis=None)


for inputs, targets in dataset:
    print(float(distributed_step(inputs, targets)))
