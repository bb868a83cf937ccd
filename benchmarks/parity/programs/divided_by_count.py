"""The loss is a sum, and its gradients are divided by the number of examples; the last batch is a small one."""

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(519)
x = np.random.normal(size=(100, 3)).astype("float32")
y = x.sum(axis=1, keepdims=True)
net = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1)])
opt = tf.keras.optimizers.SGD(0.05)


@tf.function
def step(a, b):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(net(a, training=True) - b))
    count = tf.cast(tf.shape(a)[0], tf.float32)
    gradients = [gradient / count for gradient in tape.gradient(loss, net.trainable_variables)]
    opt.apply_gradients(zip(gradients, net.trainable_variables))


for a, b in tf.data.Dataset.from_tensor_slices((x, y)).shuffle(100).batch(32):
    step(a, b)
