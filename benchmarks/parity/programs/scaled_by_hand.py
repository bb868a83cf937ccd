"""Loss scaling written out: the loss grows inside of the tape, and the gradients shrink before they are applied."""

import tensorflow as tf

SCALE = 1024.0
tf.keras.utils.set_random_seed(11)
net = tf.keras.Sequential([tf.keras.Input((6,)), tf.keras.layers.Dense(8, "relu"), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam(1e-3)
for _ in range(4):
    x = tf.random.normal((21, 6))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x, training=True) - x[:, :1]))
        scaled = loss * SCALE
    gradients = [gradient / SCALE for gradient in tape.gradient(scaled, net.trainable_variables)]
    if all(bool(tf.reduce_all(tf.math.is_finite(gradient))) for gradient in gradients):
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    print(float(loss))
