"""One persistent tape, two losses, two networks with an optimizer each."""

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(8)
actor = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(16, "tanh"), tf.keras.layers.Dense(3)])
critic = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(16, "tanh"), tf.keras.layers.Dense(1)])
actor_optimizer = tf.keras.optimizers.Adam(3e-3)
critic_optimizer = tf.keras.optimizers.Adam(1e-2)
huber = tf.keras.losses.Huber()


@tf.function
def learn(states, actions, returns):
    with tf.GradientTape(persistent=True) as tape:
        values = tf.squeeze(critic(states, training=True), axis=1)
        advantages = tf.stop_gradient(returns - values)
        log_probabilities = tf.nn.log_softmax(actor(states, training=True))
        chosen = tf.reduce_sum(log_probabilities * tf.one_hot(actions, 3), axis=1)
        entropy = -tf.reduce_mean(tf.reduce_sum(tf.exp(log_probabilities) * log_probabilities, axis=1))
        actor_loss = -tf.reduce_mean(chosen * advantages) - 0.01 * entropy
        critic_loss = huber(returns[:, None], values[:, None])
    actor_gradients = tape.gradient(actor_loss, actor.trainable_variables)
    critic_gradients = tape.gradient(critic_loss, critic.trainable_variables)
    del tape
    actor_optimizer.apply_gradients(zip(actor_gradients, actor.trainable_variables))
    critic_optimizer.apply_gradients(zip(critic_gradients, critic.trainable_variables))
    return actor_loss, critic_loss


for _ in range(5):
    states = tf.random.normal((18, 4))
    actions = tf.random.uniform((18,), maxval=3, dtype=tf.int32)
    returns = tf.reduce_sum(states, axis=1) + tf.random.normal((18,))
    print([float(each) for each in learn(states, actions, returns)])
